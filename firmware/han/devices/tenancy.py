# SPDX-License-Identifier: Apache-2.0
"""Change of tenancy: what a meter or the gas proxy holds of it, and what a display makes of it (SECMP0056)."""

from han.zcl import status

CLUSTER = 0x0708
CLEAR_CONSUMER_DATA = 0x0200  # change control bit 9 [ZSE 6]

_CAME = "tenancy_came"


class Tenancy:
    """The change of tenancy a server holds (REQ-0056-3 to 8).

    The attributes take the new values at once, before the date has come, and keep the last date afterwards so
    that a display which slept through it still learns of it [ZSE 6, project choice]. `values` keeps it over a
    loss of power; `attributes` is the server's side of the Device Management cluster.
    """

    def __init__(self, attributes, values, supported=True):
        self._attributes = attributes
        self._values = values
        self._supported = supported
        self.provider_id, self.issuer_event_id, self.tariff_type, self.date, self.control = values.get(
            "tenancy", (0, 0, 0, None, 0)
        )
        self._came = values.get(_CAME)  # the latest date that has come
        self._show()

    def publish(self, provider_id, issuer_event_id, tariff_type, date, control, utc):
        """Take a PublishChangeOfTenancy at `utc`, `date` None for a cancellation; returns a ZCL status [ZSE 6].

        Executed on receipt whether the date is past or future (REQ-0056-8). An older event changes nothing.
        """
        self.in_force(utc)  # the date that is replaced may have come
        if issuer_event_id < self.issuer_event_id:
            return status.SUCCESS
        if date is None:  # a cancellation names what it cancels
            if (provider_id, issuer_event_id) != (self.provider_id, self.issuer_event_id) or self.date is None:
                return status.NOT_FOUND
            control = 0
        self.provider_id = provider_id
        self.issuer_event_id = issuer_event_id
        self.tariff_type = tariff_type
        self.date = date
        self.control = control
        self._values.set("tenancy", (provider_id, issuer_event_id, tariff_type, date, control))
        self._show()
        return status.SUCCESS

    def fields(self):
        """The fields of a PublishChangeOfTenancy, None when none is set (REQ-0056-20)."""
        if self.date is None or not self._supported:
            return None
        return {
            "provider_id": self.provider_id,
            "issuer_event_id": self.issuer_event_id,
            "tariff_type": self.tariff_type,
            "implementation_date_time": self.date,
            "proposed_tenancy_change_control": self.control,
        }

    def in_force(self, utc):
        """The date before which nothing is for the HAN: the latest that has come, None while none has."""
        if not self._supported:
            return None
        date = self.date
        if date is not None and utc is not None and utc >= date and (self._came is None or date > self._came):
            self._came = date
            self._values.set(_CAME, date)
        return self._came

    def _show(self):
        if self._supported:
            self._attributes.set("change_of_tenancy_update_date_time", self.date)
            self._attributes.set("proposed_tenancy_change_control", self.control)


class TenancyWatch:
    """What an IHD or PPMID knows of one fuel's change of tenancy (REQ-0056-13 to 16, 18).

    Erasure is due when the date is reached on HAN time, once a date, never for an earlier one.
    """

    def __init__(self, fuel, values):
        self.fuel = fuel
        self.supported = None  # not asked yet
        self.pending = None
        self._values = values
        self._name = "tenancy_actioned_" + fuel
        self.actioned = values.get(self._name)
        self.erasures = values.get("tenancy_erasures_" + fuel, 0)

    def learn(self, date, control):
        """The meter's answer: `date` (utc or None) and the change control bits."""
        self.supported = True
        if date is None or not control & CLEAR_CONSUMER_DATA or (self.actioned is not None and date <= self.actioned):
            self.pending = None
        else:
            self.pending = date

    def refuse(self):
        """The meter does not have the attributes: a device from before the change (AT-0056-10)."""
        self.supported = False

    def due(self, utc):
        """The date whose erasure is due now, or None."""
        return self.pending if self.pending is not None and utc is not None and utc >= self.pending else None

    def done(self, date):
        """The erasure for `date` is complete."""
        self.erasures += 1
        self._values.set("tenancy_erasures_" + self.fuel, self.erasures)
        self.actioned = date
        self._values.set(self._name, date)
        if self.pending == date:
            self.pending = None
