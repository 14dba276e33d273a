// SPDX-License-Identifier: MIT
// Copyright (c) 2013-2025 Damien P. George and the MicroPython contributors
// Copyright (c) 2025 the hanref contributors
// The module machine, included by MicroPython's extmod/modmachine.c: reset, identity, RTC.
#ifndef MP_NORETURN
#define MP_NORETURN NORETURN // name used up to 1.25
#endif
#include "py/mphal.h"
#include "shared/timeutils/timeutils.h"

// The causes have the numbers of the rp2 port, where machine.reset() goes through the watchdog too.
#define RESET_BY_POWER    1
#define RESET_BY_SOFTWARE 3
#define RESET_MARK        0x52535421u
static uint32_t reset_mark __attribute__((section(".noinit")));

static void mp_machine_idle(void) {
    MICROPY_INTERNAL_WFE(-1);
}

MP_NORETURN static void mp_machine_reset(void) {
    reset_mark = RESET_MARK;
    port_system_reset();
    for (;;) {
    }
}

static mp_int_t mp_machine_reset_cause(void) {
    return reset_mark == RESET_MARK ? RESET_BY_SOFTWARE : RESET_BY_POWER;
}

static mp_obj_t mp_machine_unique_id(void) {
    uint8_t id[8] = { 0xE6, 0x60, 0, 0, 0, 0, 0, 1 };
    // "uid=<text>" on the command line gives this board its identity: an FNV-1a hash of the text.
    char text[64];
    if (port_command_word("uid", text, sizeof(text))) {
        uint32_t hash = 2166136261u;
        for (char *c = text; *c; c++) {
            hash = (hash ^ (uint8_t)*c) * 16777619u;
        }
        memcpy(&id[4], &hash, 4);
    }
    return mp_obj_new_bytes(id, sizeof(id));
}

static mp_obj_t mp_machine_get_freq(void) {
    return MP_OBJ_NEW_SMALL_INT(PORT_CPU_HZ);
}

static void mp_machine_set_freq(size_t n_args, const mp_obj_t *args) {
    mp_raise_NotImplementedError(NULL);
}

static void mp_machine_lightsleep(size_t n_args, const mp_obj_t *args) {
    if (n_args) {
        mp_hal_delay_ms(mp_obj_get_int(args[0]));
    } else {
        MICROPY_INTERNAL_WFE(-1);
    }
}

MP_NORETURN static void mp_machine_deepsleep(size_t n_args, const mp_obj_t *args) {
    mp_machine_lightsleep(n_args, args);
    mp_machine_reset();
}

// machine.RTC
static const mp_obj_base_t machine_rtc_obj = { &machine_rtc_type };
static mp_obj_t machine_rtc_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    return MP_OBJ_FROM_PTR(&machine_rtc_obj);
}

static mp_obj_t machine_rtc_datetime(size_t n_args, const mp_obj_t *args) {
    timeutils_struct_time_t tm;
    if (n_args == 1) {
        uint64_t ns = mp_hal_time_ns();
        timeutils_seconds_since_epoch_to_struct_time(ns / 1000000000ull, &tm);
        mp_obj_t t[8] = {
            mp_obj_new_int(tm.tm_year), mp_obj_new_int(tm.tm_mon), mp_obj_new_int(tm.tm_mday), mp_obj_new_int(tm.tm_wday),
            mp_obj_new_int(tm.tm_hour), mp_obj_new_int(tm.tm_min), mp_obj_new_int(tm.tm_sec),
            mp_obj_new_int((ns / 1000) % 1000000),
        };
        return mp_obj_new_tuple(8, t);
    }
    mp_obj_t *i;
    mp_obj_get_array_fixed_n(args[1], 8, &i);
    port_set_time_s(timeutils_seconds_since_epoch(mp_obj_get_int(i[0]), mp_obj_get_int(i[1]), mp_obj_get_int(i[2]),
        mp_obj_get_int(i[4]), mp_obj_get_int(i[5]), mp_obj_get_int(i[6])));
    return mp_const_none;
}

static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(machine_rtc_datetime_obj, 1, 2, machine_rtc_datetime);
static const mp_rom_map_elem_t machine_rtc_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR_datetime), MP_ROM_PTR(&machine_rtc_datetime_obj) },
};
static MP_DEFINE_CONST_DICT(machine_rtc_locals, machine_rtc_locals_table);
MP_DEFINE_CONST_OBJ_TYPE(machine_rtc_type, MP_QSTR_RTC, MP_TYPE_FLAG_NONE,
    make_new, machine_rtc_make_new, locals_dict, &machine_rtc_locals);

#define MICROPY_PY_MACHINE_EXTRA_GLOBALS \
    { MP_ROM_QSTR(MP_QSTR_RTC), MP_ROM_PTR(&machine_rtc_type) }, \
    { MP_ROM_QSTR(MP_QSTR_PWRON_RESET), MP_ROM_INT(RESET_BY_POWER) }, \
    { MP_ROM_QSTR(MP_QSTR_WDT_RESET), MP_ROM_INT(RESET_BY_SOFTWARE) },
