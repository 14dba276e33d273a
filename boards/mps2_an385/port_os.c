// SPDX-License-Identifier: MIT
// Copyright (c) 2013-2025 Damien P. George and the MicroPython contributors
// Copyright (c) 2025 the hanref contributors
// os.urandom, included by MicroPython's extmod/modos.c.
#include "py/mperrno.h"
#include "py/mphal.h"

static mp_obj_t mp_os_urandom(mp_obj_t count) {
    vstr_t octets;
    vstr_init_len(&octets, mp_obj_get_int(count));
    if (!port_urandom((uint8_t *)octets.buf, octets.len)) {
        mp_raise_OSError(MP_EIO);
    }
    return mp_obj_new_bytes_from_vstr(&octets);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);
