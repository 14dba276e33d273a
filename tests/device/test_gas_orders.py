# SPDX-License-Identifier: GPL-3.0-or-later
"""What the supplier's commands do at the gas meter, and at the gas proxy that follows them."""

from gas_orders import BROKER, GPF, GSME, NEVER, NOW, SETTINGS, Orders, decoded, han_with_gas, statuses, utc
from han.devices import events
from han.gbcs import envelope
from simulated import Han

MICROPYTHON_HEAP = "64M"
SUCCESS = 0
NOT_FOUND = 0x8B
ARMED = 1
UNCONTROLLED_FLOW = "81bf"
DONE = 0x8F66
BILLING_READ = 0x8F0A
NOT_FOLLOWED = 0x819E
LATER = "2022-11-03T12:00:00Z"


def flow_limit(threshold, divisor):
    return [
        (
            "set_uncontrolled_flow_threshold",
            {
                "provider_id": 0,
                "issuer_event_id": 1,
                "uncontrolled_flow_threshold": threshold,
                "unit_of_measure": 1,
                "multiplier": 1,
                "divisor": divisor,
                "stabilisation_period": 60,
                "measurement_period": 300,
            },
        ),
        (
            "set_supply_status",
            {
                "issuer_event_id": 1,
                "supply_tamper_state": 3,
                "supply_depletion_state": 3,
                "supply_uncontrolled_flow_state": 0,
                "load_limit_supply_state": 3,
            },
        ),
    ]


def trips(use_case, threshold, divisor, litres_per_hour):
    """Whether that flow disables the supply."""
    han = han_with_gas()
    orders = Orders(han)
    assert statuses(orders.give(use_case, flow_limit(threshold, divisor))) == [SUCCESS, SUCCESS]
    han.do("gsme", "gas_flow", litres_per_hour=litres_per_hour)
    han.run(1200)
    armed = han.device("gsme").metering.get("supply_status") == ARMED
    told = [event["code"] for event in han.of("alert", "gsme")]
    assert (UNCONTROLLED_FLOW in told) == armed
    assert ["off", "armed"] * armed == [event["status"] for event in han.of("supply", "gsme")]
    return armed


def test_at_0023_1_a_flow_above_the_threshold_disables_the_supply():
    assert not trips("GCS24a", 61680, 10000, 6100)
    assert trips("GCS24a", 61680, 10000, 6200)
    assert trips("GCS24", 6, 1, 6100)
    assert not trips("GCS24", 7, 1, 6100)


def test_a_disabled_supply_comes_back_at_the_meter_and_is_watched_again():
    han = han_with_gas()
    assert statuses(Orders(han).give("GCS24", flow_limit(6, 1))) == [SUCCESS, SUCCESS]
    han.do("gsme", "gas_flow", litres_per_hour=6100)
    for _ in range(2):
        han.run(1200)
        assert not han.device("gsme").account.supply_is_on()
        used = han.device("gsme").litres()
        han.run(1200)
        assert han.device("gsme").litres() == used
        han.do("gsme", "enable_supply")
        assert han.device("gsme").account.supply_is_on()
    assert [event["code"] for event in han.of("alert", "gsme")].count(UNCONTROLLED_FLOW) == 2


def test_at_078_1_the_configuration_of_each_event_of_the_group():
    han = han_with_gas()
    orders = Orders(han)
    name, fields = decoded(orders.give("GCS20r", [("get_event_configuration", {"event_id": 0x81FF})])[0])
    assert name == "report_event_configuration"
    told = [entry["event_id"] for entry in fields["event_configurations"]]
    assert told == sorted(set(told)) and [code >> 8 for code in told] == [0x81] * len(told)
    assert {0x810D, 0x8119, 0x8145, 0x8154, 0x8155, 0x81AA, 0x81AB, 0x81BF} <= set(told)


def configure(configuration, codes):
    chosen = {"number_of_events": len(codes), "event_ids": list(codes)}
    fields = {"issuer_event_id": 8, "start_date_time": 0, "event_configuration": configuration, "configuration_control": 0}
    return [("set_event_configuration", dict(fields, event_configuration_payload=chosen))]


def test_a_configured_event_is_neither_logged_nor_told():
    han = han_with_gas()
    orders = Orders(han)
    assert statuses(orders.give("GCS20", configure(0x00, [0x81BF]))) == [SUCCESS]
    fields = decoded(orders.give("GCS20r", [("get_event_configuration", {"event_id": 0x81FF})])[0])[1]
    assert [entry["event_configuration"] for entry in fields["event_configurations"] if entry["event_id"] == 0x81BF] == [0]
    orders.give("GCS24", flow_limit(6, 1))
    han.do("gsme", "gas_flow", litres_per_hour=6100)
    han.run(1200)
    assert not han.device("gsme").account.supply_is_on()
    assert UNCONTROLLED_FLOW not in [event["code"] for event in han.of("alert", "gsme")]
    assert 0x81BF not in [code for _, code, _ in han.device("gsme").event_logs.entries(events.GENERAL)]


def test_at_078_2_a_meter_that_cannot_say_answers_with_a_status():
    han = han_with_gas()
    han.do("gsme", "event_configurations", on=False)
    (answer,) = Orders(han).give("GCS20r", [("get_event_configuration", {"event_id": 0x81FF})])
    assert answer.is_global() and answer.payload[:1] == b"\x05" and answer.payload[1] != SUCCESS


def payment_mode(when, configuration=0x0897):
    return [
        (
            "change_payment_mode",
            {
                "provider_id": 0,
                "issuer_event_id": 2,
                "implementation_date_time": when,
                "proposed_payment_control_configuration": configuration,
                "cut_off_value": 0,
            },
        )
    ]


def test_a_payment_mode_changes_at_once_and_the_balances_are_kept():
    han = han_with_gas()
    orders = Orders(han)
    (answer,) = orders.give("GCS03", payment_mode(NOW))
    name, fields = decoded(answer)
    assert name == "change_payment_mode_response"
    assert fields["emergency_credit_limit"] == 500000
    assert han.device("gsme").prepayment.get("payment_control_configuration") == 0x0897
    han.run(2000)
    assert ("GCS53", BILLING_READ, b"") in orders.told()
    assert len(han.device("gsme").wan.prepayment_billing) == 1


def test_a_payment_mode_changes_at_its_date_and_an_alert_tells():
    han = han_with_gas()
    orders = Orders(han)
    before = han.device("gsme").prepayment.get("payment_control_configuration")
    (answer,) = orders.give("GCS03", payment_mode(utc(LATER)))
    assert decoded(answer)[0] == "change_payment_mode_response"
    han.run("11:59:50")
    assert han.device("gsme").prepayment.get("payment_control_configuration") == before
    han.run("12:40:00")
    assert han.device("gsme").prepayment.get("payment_control_configuration") == 0x0897
    (told,) = [alert for alert in orders.told() if alert[0] == "FD-GBZ"]
    # length, message code, originator counter, cluster, frame control, command [GBCS 16]
    assert told == ("FD-GBZ", DONE, b"\x0e\x00\x6d" + orders.counter.to_bytes(8, "big") + b"\x07\x05\x01\x06")


def test_a_waiting_change_can_be_cancelled_and_nothing_else_can():
    han = han_with_gas()
    orders = Orders(han)
    before = han.device("gsme").prepayment.get("payment_control_configuration")
    assert statuses(orders.give("GCS03", payment_mode(NEVER))) == [NOT_FOUND]
    orders.give("GCS03", payment_mode(utc("2022-11-03T14:00:00Z")))
    (answer,) = orders.give("GCS03", payment_mode(NEVER))
    assert decoded(answer)[0] == "change_payment_mode_response"
    han.run("15:00:00")
    assert han.device("gsme").prepayment.get("payment_control_configuration") == before


def test_a_waiting_change_outlives_a_loss_of_power():
    han = han_with_gas()
    orders = Orders(han)
    orders.give("GCS03", payment_mode(utc(LATER)))
    han.do("gsme", "power", on=False)
    han.run(60)
    han.do("gsme", "power", on=True)
    han.run("12:40:00")
    assert han.device("gsme").prepayment.get("payment_control_configuration") == 0x0897


def credit(kind, value):
    fields = {"issuer_event_id": 3, "start_time": 0, "credit_adjustment_type": kind, "credit_adjustment_value": value}
    return [("credit_adjustment", fields)]


def test_credit_and_balance_are_adjusted():
    han = han_with_gas()
    orders = Orders(han)
    meter = han.device("gsme")
    orders.give("GCS40a", credit(0, 70000))
    assert meter.account.prepayment.credit() == 70000
    orders.give("GCS40b", credit(1, 0))
    assert meter.account.prepayment.credit() == 0
    meter.account.bill = bill = 50000
    orders.give("GCS40c", credit(3, 1234))
    assert meter.account.bill == bill - 1234
    orders.give("GCS40d", credit(2, 0))
    assert meter.account.bill == 0


def test_the_supply_is_disabled_and_armed():
    han = han_with_gas()
    orders = Orders(han)
    fields = {
        "provider_id": 0,
        "issuer_event_id": 4,
        "request_date_time": 0,
        "implementation_date_time": 0,
        "supply_control_bits": 1,
    }
    for use_case, wanted in (("GCS32", 0), ("GCS39", 1)):
        assert statuses(orders.give(use_case, [("change_supply", dict(fields, proposed_supply_status=wanted))])) == [SUCCESS]
        assert han.device("gsme").metering.get("supply_status") == wanted


def test_sampling_fills_the_network_log():
    han = han_with_gas()
    orders = Orders(han, BROKER)
    fields = {
        "issuer_event_id": 5,
        "start_sampling_time": 0,
        "sample_type": 0,
        "sample_request_interval": 360,
        "max_number_of_samples": 41,
    }
    (answer,) = orders.give("GCS31", [("start_sampling", fields)])
    assert decoded(answer) == ("start_sampling_response", {"sample_id": 2})
    han.do("gsme", "gas_flow", litres_per_hour=1000)
    han.run(5 * 3600)
    kept = [value for _, value in han.device("gsme").wan.network.between(0, 0xFFFFFFFF)]
    assert len(kept) == 41
    assert 100 in kept
    wanted = {"sample_id": 2, "sample_start_time": 1, "sample_type": 0, "number_of_samples": 41}
    (answer,) = orders.give("GCS18", [("get_sampled_data", wanted)])
    assert answer.encrypted
    stored = [event["entry"] for event in han.of("store", "gsme") if event["store"] == "network_data"]
    stamps = [utc(entry["utc"]) for entry in stored]
    assert [entry["value"] for entry in stored] == kept
    assert stamps == [stamps[0] + 360 * place for place in range(41)]
    # Nothing is sampled any more, not even after a loss of power.
    han.do("gsme", "power", on=False)
    han.do("gsme", "power", on=True)
    han.run(3600)
    assert len(list(han.device("gsme").wan.network.between(0, 0xFFFFFFFF))) == 41


def test_commands_are_in_the_event_log():
    han = han_with_gas()
    orders = Orders(han)
    orders.give("GCS40a", credit(0, 1))
    logged = [(code, data) for _, code, data in han.device("gsme").event_logs.entries(events.GENERAL)]
    assert (events.COMMAND_ACCEPTED, b"\x00\x86") in logged


# --- the proxy ------------------------------------------------------------------------------------------------


def billing_period():
    common = {"provider_id": 0, "issuer_event_id": 6, "tariff_type": 0}
    return [
        (
            "publish_billing_period",
            dict(
                common,
                billing_period_start_time=utc("2022-12-01T00:00:00Z"),
                billing_period_duration=1,
                billing_period_duration_type=0x23,
            ),
        ),
        (
            "publish_block_period",
            dict(
                common,
                block_period_start_time=utc("2022-12-01T00:00:00Z"),
                block_period_duration=1,
                block_period_control=2,
                block_period_duration_type=0x23,
                tariff_resolution_period=1,
            ),
        ),
    ]


def asked_billing_period(orders, recipient):
    wanted = {"earliest_start_time": 0, "min_issuer_event_id": None, "number_of_commands": 1, "tariff_type": 0}
    (answer,) = orders.give("GCS21k", [("get_billing_period", wanted)], recipient)
    return answer


def test_the_proxy_follows_once_the_meter_has_answered():
    han = han_with_gas()
    orders = Orders(han)
    octets = orders.command("GCS25a", billing_period(), GSME)
    han.run("09:40:00")
    han.do("hub", "gbcs", octets=octets.hex())
    assert statuses([asked_billing_period(orders, GPF)]) == [NOT_FOUND]  # the meter is asleep
    han.run(2000)
    name, fields = decoded(asked_billing_period(orders, GPF))
    assert (name, fields["issuer_event_id"]) == ("publish_billing_period", 6)
    assert decoded(asked_billing_period(orders, GSME))[1]["issuer_event_id"] == 6


def tariff(when, price):
    common = {"provider_id": 0, "issuer_event_id": 7, "issuer_tariff_id": 1, "start_time": when}
    return [
        (
            "publish_tariff_information",
            dict(
                common,
                tariff_type_charging_scheme=0x10,
                tariff_label=b"",
                number_of_price_tiers_in_use=0,
                number_of_block_thresholds_in_use=3,
                unit_of_measure=0,
                currency=826,
                price_trailing_digit=0x50,
                standing_charge=22465,
                tier_block_mode=None,
                block_threshold_multiplier=1,
                block_threshold_divisor=1000,
            ),
        ),
        (
            "publish_price_matrix",
            dict(
                common,
                command_index=0,
                total_number_of_commands=1,
                sub_payload_control=0,
                prices=[{"tier_block_id": block, "price": price + block} for block in range(4)],
            ),
        ),
    ]


def prices(han):
    """What the meter and the proxy say that the first block costs."""
    meter, proxy = han.device("gsme"), han.device("gpf")
    return [
        device.attributes(endpoint, 0x0700).get("no_tier_block1_price")
        for device, endpoint in ((meter, meter.endpoint), (proxy, proxy.esi))
    ]


def test_billing_snapshots_and_balances_reach_the_proxy():
    han = han_with_gas()
    orders = Orders(han)
    orders.give("GCS03", payment_mode(NOW))
    proxy = han.device("gpf")
    han.run(2000)
    assert [record[2] for record in proxy.billing.records()] == [0x4000]  # change of mode
    assert [record[2] for record in proxy.prepayment_billing.records()] == [0x4000]
    han.run("2022-11-04T00:40:00Z")
    assert [record[0] for record in proxy.prepayment_daily_reads.records()] == [utc("2022-11-04T00:00:00Z")]
    frames = len([frame for frame in han.frames if frame[1] == "gsme"])
    han.run(3600)
    assert len(proxy.billing) == 1
    assert len([frame for frame in han.frames if frame[1] == "gsme"]) - frames < 60  # nothing is told twice


def test_the_billing_alert_is_the_proxys_where_that_is_configured():
    han = Han(boards=("hub", "gsme"), hub=dict(SETTINGS, billing_alert=True), gsme=dict(SETTINGS, billing_alert=False))
    orders = Orders(han)
    orders.give("GCS03", payment_mode(NOW))
    han.run(2000)
    told = [envelope.decode(bytes.fromhex(event["octets"])) for event in han.of("gbcs")]
    senders = [message.originator for message in told if message.cra == envelope.ALERT]
    assert senders == [GPF]


def test_the_proxy_does_not_follow_before_the_date():
    han = han_with_gas()
    orders = Orders(han)
    assert statuses(orders.give("GCS01b", tariff(NOW, 9000))) == [SUCCESS, SUCCESS]
    assert prices(han) == [9000, 9000]
    assert statuses(orders.give("GCS01b", tariff(utc("2022-11-03T14:00:00Z"), 9500))) == [SUCCESS, SUCCESS]
    han.run("13:59:50")
    assert prices(han) == [9000, 9000]
    han.run("14:00:10")
    assert prices(han) == [9500, 9500]


def test_the_proxy_drops_what_the_meter_was_told_to_drop():
    han = han_with_gas()
    orders = Orders(han)
    orders.give("GCS01b", tariff(utc("2022-11-03T14:00:00Z"), 9500))
    assert statuses(orders.give("GCS01b", tariff(NEVER, 9500))) == [SUCCESS, SUCCESS]
    han.run("15:00:00")
    assert prices(han) == [0, 0]


def test_an_answer_without_success_is_not_followed_and_is_an_event():
    han = han_with_gas()
    orders = Orders(han)
    assert statuses(orders.give("GCS01b", tariff(NEVER, 9500))) == [NOT_FOUND, NOT_FOUND]
    logged = [(code, data) for _, code, data in han.device("gpf").event_logs.entries(events.GENERAL)]
    assert (NOT_FOLLOWED, b"\x00\xa3") in logged
    copied = [(code, data) for _, code, data in han.device("gpf").event_logs.entries(events.METER_GENERAL)]
    assert (events.COMMAND_ACCEPTED, b"\x00\xa3") in copied
