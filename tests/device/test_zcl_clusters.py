# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster tables and the payloads of cluster commands."""

from han.errors import CodecError, UnknownNameError
from han.zcl import clusters, programs, types
from han.zcl.clusters import READ, WRITE, decode_command, encode_command
from han.zcl.frame import TO_CLIENT, TO_SERVER
from support import equal, raises

PRICE = 0x0700
LOAD_CONTROL = 0x0701
METERING = 0x0702
MESSAGING = 0x0703
TUNNELING = 0x0704
PREPAYMENT = 0x0705
DEVICE_MANAGEMENT = 0x0708
EVENTS = 0x0709
OTA = 0x0019
KEY_ESTABLISHMENT = 0x0800


def test_attributes_by_identifier_and_name():
    table = clusters.table(METERING)
    expected = (0x0400, "instantaneous_demand", types.identifier("int24"), READ)
    equal(tuple(table.attribute(0x0400)), expected)
    equal(table.attribute_named("instantaneous_demand"), table.attribute(0x0400))
    equal(table.attribute(0x0400).type, types.identifier("int24"))


def test_sides_are_told_apart():
    table = clusters.table(METERING)
    equal(table.attribute(0).name, "current_summation_delivered")
    equal(table.attribute(0, "client").name, "functional_notification_flags")
    equal(table.attribute_named("notification_flags5", "client").id, 4)
    equal(table.attribute(0x0400, "client"), None)
    raises(UnknownNameError, table.attribute_named, "notification_flags5")


def test_families_of_numbered_attributes():
    table = clusters.table(METERING)
    for name, identifier in (
        ("current_tier1_summation_delivered", 0x0100),
        ("current_tier48_summation_received", 0x015F),
        ("current_no_tier_block16_summation_delivered", 0x070F),
        ("current_tier4_block2_summation_delivered", 0x0741),
        ("previous_day2_consumption_delivered", 0x0420),
        ("previous_month13_alternative_consumption_delivered", 0x0C5A),
        ("previous_week_alternative_consumption_delivered", 0x0C32),
    ):
        equal(table.attribute(identifier).name, name)
        equal(table.attribute_named(name).id, identifier)
    for name in (
        "current_tier0_summation_delivered",
        "current_tier49_summation_delivered",
        "current_tier_summation_delivered",
        "current_tier4_block17_summation_delivered",
        "tier",
        "",
        "no_such_word",
    ):
        raises(UnknownNameError, table.attribute_named, name)


def test_entries_not_to_be_implemented_are_absent():
    equal(clusters.table(METERING).attribute(0x042E), None)
    equal(clusters.table(PRICE).attribute(0x810F), None)
    equal(clusters.table(PRICE).attribute(0x853E), None)


def test_every_attribute_is_found_both_ways():
    count = 0
    for cluster in clusters.known():
        table = clusters.table(cluster)
        for side in ("server", "client"):
            for attribute in table.attributes(side):
                equal(table.attribute(attribute.id, side), attribute)
                equal(table.identifier(attribute.name, side), attribute.id)
                equal(table.type(attribute.id, side), attribute.type)
                equal(table.access(attribute.id, side), attribute.access)
                assert types.is_known(attribute.type), attribute
                count += 1
    assert count > 2600, count


def test_absent_attributes():
    table = clusters.table(METERING)
    for identifier in (0x0024, 0x00FF, 0x0160, 0x8000, 0xFFFC, 0xFFFF):
        equal(table.attribute(identifier), None)
        equal(table.type(identifier), None)
        equal(table.access(identifier), 0)


def test_global_attributes_are_on_both_sides_of_every_cluster():
    for cluster in clusters.known():
        for side in ("server", "client"):
            equal(clusters.table(cluster).attribute(0xFFFD, side).name, "cluster_revision")
            equal(clusters.table(cluster).attribute(0xFFFE, side).name, "attribute_reporting_status")


def test_access():
    equal(clusters.table(0x0000).attribute_named("location_description").access, READ | WRITE)
    equal(clusters.table(DEVICE_MANAGEMENT).attribute(0x0200).access, READ)


def test_names_may_be_remembered():
    forgetful = clusters.table(DEVICE_MANAGEMENT)
    clusters.remember_names()
    table = clusters.table(DEVICE_MANAGEMENT)
    assert table is not forgetful
    for _ in range(2):
        for direction in (TO_SERVER, TO_CLIENT):
            equal(list(table.commands(direction)), list(forgetful.commands(direction)))
            for command in table.commands(direction):
                equal(table.command_named(command.name, direction), command)


def test_fields_of_a_type():
    utc = types.identifier("UTC")
    for cluster, name, expected in (
        (DEVICE_MANAGEMENT, "publish_change_of_tenancy", {"implementation_date_time"}),
        (METERING, "schedule_snapshot", {"snapshot_start_time"}),
        (
            METERING,
            "publish_snapshot",
            {
                "snapshot_time",
                "bill_to_date_time_stamp_delivered",
                "projected_bill_time_stamp_delivered",
                "bill_to_date_time_stamp_received",
                "projected_bill_time_stamp_received",
            },
        ),
        (METERING, "request_mirror", set()),
    ):
        table = clusters.table(cluster)
        direction = TO_SERVER if name == "schedule_snapshot" else TO_CLIENT
        equal(programs.fields_of_type(table, table.command_named(name, direction).program, utc), expected)
    table = clusters.table(METERING)
    program = table.command_named("get_sampled_data_response", TO_CLIENT).program
    equal(programs.fields_of_type(table, program, types.identifier("uint24")), {"samples"})


def test_clusters():
    equal(len(clusters.known()), 20)
    equal(clusters.table(METERING).name, "metering")
    equal(clusters.table(DEVICE_MANAGEMENT).name, "device_management")
    raises(UnknownNameError, clusters.table, 0x0B04)
    assert clusters.table(METERING).link_key and not clusters.table(0x0000).link_key


def test_commands_by_identifier_and_name():
    table = clusters.table(DEVICE_MANAGEMENT)
    equal(table.command(0, TO_SERVER).name, "get_change_of_tenancy")
    equal(table.command(0, TO_CLIENT).name, "publish_change_of_tenancy")
    equal(table.command_named("publish_change_of_tenancy", TO_CLIENT).id, 0)
    equal(table.command(0x77, TO_CLIENT), None)
    raises(UnknownNameError, table.command_named, "publish_change_of_tenancy", TO_SERVER)
    raises(UnknownNameError, table.command_named, "provider_id", TO_SERVER)
    raises(UnknownNameError, decode_command, DEVICE_MANAGEMENT, 0x77, TO_CLIENT, b"")


def both_ways(cluster, name, direction, fields, octets):
    """The fields give the octets, and the octets the fields."""
    payload = encode_command(cluster, name, direction, fields)
    equal(payload, octets, name)
    identifier = clusters.table(cluster).command_named(name, direction).id
    equal(decode_command(cluster, identifier, direction, payload), (name, fields), name)


def test_publish_change_of_tenancy():
    both_ways(
        DEVICE_MANAGEMENT,
        "publish_change_of_tenancy",
        TO_CLIENT,
        {
            "provider_id": 0,
            "issuer_event_id": 0x01020304,
            "tariff_type": 0,
            "implementation_date_time": 740121216,
            "proposed_tenancy_change_control": 0x0200,
        },
        b"\x00\x00\x00\x00\x04\x03\x02\x01\x00\x80\x5a\x1d\x2c\x00\x02\x00\x00",
    )


def test_commands_without_a_payload():
    both_ways(DEVICE_MANAGEMENT, "get_change_of_tenancy", TO_SERVER, {}, b"")
    both_ways(METERING, "request_mirror", TO_CLIENT, {}, b"")


def test_octets_after_the_last_field_are_kept_apart():
    name, fields = decode_command(DEVICE_MANAGEMENT, 0, TO_SERVER, b"\x01\x02")
    equal(fields, {"rest": b"\x01\x02"})
    equal(encode_command(DEVICE_MANAGEMENT, name, TO_SERVER, fields), b"\x01\x02")


def test_times_that_are_never():
    payload = encode_command(MESSAGING, "cancel_all_messages", TO_CLIENT, {"implementation_time": None})
    equal(payload, b"\xff\xff\xff\xff")
    equal(decode_command(MESSAGING, 3, TO_CLIENT, payload)[1], {"implementation_time": None})


def test_a_counted_list_of_values():
    fields = {
        "sample_id": 0,
        "sample_start_time": 1,
        "sample_type": 0,
        "sample_request_interval": 1800,
        "number_of_samples": 3,
        "samples": [1, 0x123456, None],
    }
    octets = b"\x00\x00\x01\x00\x00\x00\x00\x08\x07\x03\x00\x01\x00\x00\x56\x34\x12\xff\xff\xff"
    both_ways(METERING, "get_sampled_data_response", TO_CLIENT, fields, octets)
    del fields["number_of_samples"]
    equal(encode_command(METERING, "get_sampled_data_response", TO_CLIENT, fields), octets)
    fields["number_of_samples"] = 2
    error = raises(CodecError, encode_command, METERING, "get_sampled_data_response", TO_CLIENT, fields)
    assert "number_of_samples" in str(error), error


def test_a_count_that_is_all_ones_is_a_number():
    head = b"\x01\x00\x00\x00\x00\x01\xff"
    fields = decode_command(METERING, 0, TO_CLIENT, head + b"\x05\x00\x00" * 255)[1]
    equal(len(fields["intervals"]), 255)
    equal(encode_command(METERING, "get_profile_response", TO_CLIENT, fields), head + b"\x05\x00\x00" * 255)
    raises(CodecError, decode_command, METERING, 0, TO_CLIENT, head + b"\x05\x00\x00" * 254)


def test_a_group_to_the_end():
    both_ways(
        DEVICE_MANAGEMENT,
        "report_event_configuration",
        TO_SERVER,
        {
            "command_index": 0,
            "total_commands": 1,
            "event_configurations": [
                {"event_id": 0x0206, "event_configuration": 0x0B},
                {"event_id": 0x0207, "event_configuration": 0},
            ],
        },
        b"\x00\x01\x06\x02\x0b\x07\x02\x00",
    )
    raises(CodecError, decode_command, DEVICE_MANAGEMENT, 4, TO_SERVER, b"\x00\x01\x06\x02")


def test_groups_within_groups_counted_by_half_an_octet():
    fields = {
        "provider_id": 0,
        "issuer_event_id": 1,
        "start_time": 0,
        "issuer_tariff_id": 2,
        "command_index": 0,
        "total_number_of_commands": 1,
        "sub_payload_control": 0,
        "tiers": [
            {"tier_number_of_block_thresholds": 0x12, "block_thresholds": [5, 6]},
            {"tier_number_of_block_thresholds": 0x20, "block_thresholds": []},
        ],
    }
    head = b"\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x01\x00"
    octets = head + b"\x12" + b"\x05\x00\x00\x00\x00\x00\x06\x00\x00\x00\x00\x00" + b"\x20"
    both_ways(PRICE, "publish_block_thresholds", TO_CLIENT, fields, octets)
    fields["tiers"][0]["block_thresholds"] = [5]
    raises(CodecError, encode_command, PRICE, "publish_block_thresholds", TO_CLIENT, fields)
    fields["tiers"] = [{"block_thresholds": list(range(16))}]
    raises(CodecError, encode_command, PRICE, "publish_block_thresholds", TO_CLIENT, fields)


def snapshot(payload_type, sub_payload):
    return {
        "snapshot_id": 1,
        "snapshot_time": 2,
        "total_snapshots_found": 1,
        "command_index": 0,
        "total_number_of_commands": 1,
        "snapshot_cause": 0x1000,
        "snapshot_payload_type": payload_type,
        "snapshot_sub_payload": sub_payload,
    }


SNAPSHOT_HEAD = b"\x01\x00\x00\x00\x02\x00\x00\x00\x01\x00\x01\x00\x10\x00\x00"


def test_structures_by_selector():
    both_ways(
        METERING,
        "publish_snapshot",
        TO_CLIENT,
        snapshot(
            6,
            {
                "current_summation_delivered": 7,
                "number_of_tiers_in_use": 1,
                "tier_summations": [8],
                "number_of_tiers_and_block_thresholds_in_use": 0x11,
                "tier_block_summations": [9, 10],
            },
        ),
        SNAPSHOT_HEAD + b"\x06" + b"\x07\x00\x00\x00\x00\x00\x01\x08\x00\x00\x00\x00\x00\x11"
        b"\x09\x00\x00\x00\x00\x00\x0a\x00\x00\x00\x00\x00",
    )


def test_a_structure_without_content_and_one_that_is_unknown():
    both_ways(METERING, "publish_snapshot", TO_CLIENT, snapshot(128, {}), SNAPSHOT_HEAD + b"\x80")
    both_ways(METERING, "publish_snapshot", TO_CLIENT, snapshot(77, b"\x01\x02"), SNAPSHOT_HEAD + b"\x4d\x01\x02")
    raises(CodecError, encode_command, METERING, "publish_snapshot", TO_CLIENT, snapshot(77, {}))


def test_a_structure_refuses_the_fields_of_another():
    error = raises(
        CodecError,
        encode_command,
        METERING,
        "publish_snapshot",
        TO_CLIENT,
        snapshot(5, {"current_summation_delivered": 7, "number_of_tiers_in_use": 0, "tier_summations": []}),
    )
    assert "current_summation_received" in str(error), error


def test_conditional_fields():
    refused = {"status": 0x98}
    both_ways(OTA, "query_next_image_response", TO_CLIENT, refused, b"\x98")
    given = {"status": 0, "manufacturer_id": 1, "image_type": 2, "file_version": 3, "image_size": 4}
    both_ways(OTA, "query_next_image_response", TO_CLIENT, given, b"\x00\x01\x00\x02\x00\x03\x00\x00\x00\x04\x00\x00\x00")
    del given["image_size"]
    error = raises(CodecError, encode_command, OTA, "query_next_image_response", TO_CLIENT, given)
    assert "image_size" in str(error), error
    refused["image_size"] = 5
    raises(CodecError, encode_command, OTA, "query_next_image_response", TO_CLIENT, refused)


def test_conditions_on_bits_and_on_a_least_value():
    request = {
        "field_control": 2,
        "manufacturer_id": 1,
        "image_type": 2,
        "file_version": 3,
        "file_offset": 4,
        "max_data_size": 5,
        "minimum_block_period": 6,
    }
    octets = b"\x02\x01\x00\x02\x00\x03\x00\x00\x00\x04\x00\x00\x00\x05\x06\x00"
    both_ways(OTA, "image_block_request", TO_SERVER, request, octets)
    both_ways(OTA, "image_notify", TO_CLIENT, {"payload_type": 0, "query_jitter": 9}, b"\x00\x09")
    both_ways(
        OTA,
        "image_notify",
        TO_CLIENT,
        {"payload_type": 2, "query_jitter": 9, "manufacturer_id": 1, "image_type": 2},
        b"\x02\x09\x01\x00\x02\x00",
    )


def test_alternatives_by_status():
    block = {
        "status": 0,
        "manufacturer_id": 1,
        "image_type": 2,
        "file_version": 3,
        "file_offset": 4,
        "data_size": 2,
        "image_data": b"\xaa\xbb",
    }
    octets = b"\x00\x01\x00\x02\x00\x03\x00\x00\x00\x04\x00\x00\x00\x02\xaa\xbb"
    both_ways(OTA, "image_block_response", TO_CLIENT, block, octets)
    del block["data_size"]
    equal(encode_command(OTA, "image_block_response", TO_CLIENT, block), octets)
    both_ways(
        OTA,
        "image_block_response",
        TO_CLIENT,
        {"status": 0x97, "current_time": 1, "request_time": 2, "minimum_block_period": 3},
        b"\x97\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00",
    )
    both_ways(OTA, "image_block_response", TO_CLIENT, {"status": 0x95}, b"\x95")


def price(**more):
    fields = {
        "provider_id": 0,
        "rate_label": b"",
        "issuer_event_id": 0,
        "current_time": 0,
        "unit_of_measure": 0,
        "currency": 826,
        "price_trailing_digit_and_price_tier": 0x50,
        "number_of_price_tiers_and_register_tier": 0,
        "start_time": 0,
        "duration_in_minutes": 1440,
        "price": 15000,
    }
    fields.update(more)
    return fields


PRICE_OCTETS = b"\x00" * 4 + b"\x00" + b"\x00" * 8 + b"\x00\x3a\x03\x50\x00" + b"\x00" * 4 + b"\xa0\x05\x98\x3a\x00\x00"


def test_optional_fields_end_the_payload():
    both_ways(PRICE, "publish_price", TO_CLIENT, price(), PRICE_OCTETS)
    both_ways(PRICE, "publish_price", TO_CLIENT, price(price_ratio=5), PRICE_OCTETS + b"\x05")


def test_optional_fields_before_one_that_is_sent_are_unused():
    octets = encode_command(PRICE, "publish_price", TO_CLIENT, price(generation_tier=1))
    equal(octets[len(PRICE_OCTETS) :], b"\xff" * 13 + b"\x00" + b"\xff\x01")
    fields = decode_command(PRICE, 0, TO_CLIENT, octets)[1]
    equal((fields["price_ratio"], fields["price_control"], fields["generation_tier"]), (None, 0, 1))


def test_an_optional_field_without_a_value_for_unused_cannot_be_left_out():
    confirmation = {"message_id": 1, "confirmation_time": 2, "message_response": b"ok"}
    error = raises(CodecError, encode_command, MESSAGING, "message_confirmation", TO_SERVER, confirmation)
    assert "message_confirmation_control" in str(error), error
    both_ways(
        MESSAGING,
        "message_confirmation",
        TO_SERVER,
        {"message_id": 1, "confirmation_time": 2},
        b"\x01\x00\x00\x00\x02\x00\x00\x00",
    )


def test_octets_to_the_end_and_of_fixed_length():
    both_ways(TUNNELING, "transfer_data", TO_SERVER, {"tunnel_id": 1, "data": b"abc"}, b"\x01\x00abc")
    both_ways(TUNNELING, "transfer_data", TO_SERVER, {"tunnel_id": 1, "data": b""}, b"\x01\x00")
    status = {
        "issuer_event_id": 1,
        "event_status": 1,
        "event_status_time": 1,
        "criticality_level_applied": 1,
        "cooling_temperature_set_point_applied": None,
        "heating_temperature_set_point_applied": None,
        "average_load_adjustment_percentage_applied": None,
        "duty_cycle_applied": None,
        "event_control": 0,
        "signature_type": 1,
        "signature": bytes(range(42)),
    }
    payload = encode_command(LOAD_CONTROL, "report_event_status", TO_SERVER, status)
    equal(payload[-42:], bytes(range(42)))
    equal(decode_command(LOAD_CONTROL, 0, TO_SERVER, payload)[1], status)
    status["signature"] = bytes(41)
    raises(CodecError, encode_command, LOAD_CONTROL, "report_event_status", TO_SERVER, status)
    raises(CodecError, decode_command, LOAD_CONTROL, 0, TO_SERVER, payload[:-1])


def test_certificates_are_big_endian():
    certificate = {
        "type": 0,
        "serial_number": bytes(8),
        "curve": 0x0D,
        "hash": 0x08,
        "issuer": b"\x01" * 8,
        "valid_from": 0x0102030405,
        "valid_to": 0xFFFFFFFF,
        "subject": b"\x00\xdb\x12\x34\x56\x78\x90\xa1",
        "key_usage": 0x08,
        "public_reconstruction_key": b"\x02" * 37,
    }
    fields = {
        "key_establishment_suite": 2,
        "ephemeral_data_generate_time": 5,
        "confirm_key_generate_time": 5,
        "identity": certificate,
    }
    payload = encode_command(KEY_ESTABLISHMENT, "initiate_key_establishment_request", TO_SERVER, fields)
    equal(len(payload), 4 + 74)
    equal(payload[4 + 19 : 4 + 24], b"\x01\x02\x03\x04\x05")
    equal(payload[4 + 28 : 4 + 36], certificate["subject"])
    equal(decode_command(KEY_ESTABLISHMENT, 0, TO_SERVER, payload)[1], fields)
    fields["identity"] = payload[4:]
    equal(encode_command(KEY_ESTABLISHMENT, "initiate_key_establishment_request", TO_SERVER, fields), payload)


def test_missing_and_unknown_fields_are_named():
    error = raises(CodecError, encode_command, METERING, "take_snapshot", TO_SERVER, {})
    assert "snapshot_cause" in str(error), error
    error = raises(CodecError, encode_command, METERING, "take_snapshot", TO_SERVER, {"snapshot_cause": 1, "snapshot_id": 2})
    assert "snapshot_id" in str(error), error
    error = raises(CodecError, encode_command, METERING, "take_snapshot", TO_SERVER, {"snapshot_cause": 1 << 32})
    assert "snapshot_cause" in str(error), error


def test_payloads_cut_short_are_refused():
    payload = encode_command(EVENTS, "get_event_log", TO_SERVER, dict(EVENT_LOG))
    for length in range(len(payload)):
        raises(CodecError, decode_command, EVENTS, 0, TO_SERVER, payload[:length])
    equal(decode_command(EVENTS, 0, TO_SERVER, payload)[1], EVENT_LOG)


EVENT_LOG = {
    "event_control_log_id": 0x10,
    "event_id": 0,
    "start_time": 0,
    "end_time": None,
    "number_of_events": 0,
    "event_offset": 0,
}


def test_an_empty_group_of_prepayment_top_ups():
    both_ways(
        PREPAYMENT,
        "publish_top_up_log",
        TO_CLIENT,
        {"command_index": 0, "total_number_of_commands": 1, "top_ups": []},
        b"\x00\x01",
    )
