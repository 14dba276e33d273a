// SPDX-License-Identifier: MIT
// Copyright (c) 2013-2025 Damien P. George and the MicroPython contributors
// Copyright (c) 2025 the hanref contributors
// machine.UART, included by MicroPython's extmod/machine_uart.c.
#include "py/mphal.h"
#include "py/mperrno.h"
typedef struct _machine_uart_obj_t {
    mp_obj_base_t base;
    uint8_t id;
    uint32_t baudrate;
    uint16_t timeout, timeout_char, rxbuf;
} machine_uart_obj_t;
static machine_uart_obj_t uart_obj[PORT_NUM_UART];

#define MICROPY_PY_MACHINE_UART_CLASS_CONSTANTS

static void mp_machine_uart_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "UART(%u, baudrate=%u, bits=8, parity=None, stop=1, rxbuf=%u, timeout=%u, timeout_char=%u)",
        self->id, (unsigned)self->baudrate, self->rxbuf, self->timeout, self->timeout_char);
}

static void mp_machine_uart_init_helper(machine_uart_obj_t *self, size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_baudrate, ARG_bits, ARG_parity, ARG_stop, ARG_tx, ARG_rx, ARG_txbuf, ARG_rxbuf, ARG_timeout, ARG_timeout_char, ARG_flow };
    static const mp_arg_t allowed[] = {
        { MP_QSTR_baudrate, MP_ARG_INT, {.u_int = 115200} },
        { MP_QSTR_bits, MP_ARG_INT, {.u_int = 8} },
        { MP_QSTR_parity, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_stop, MP_ARG_INT, {.u_int = 1} },
        { MP_QSTR_tx, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} }, // accepted, no pin mux here
        { MP_QSTR_rx, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_txbuf, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0} },
        { MP_QSTR_rxbuf, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 256} },
        { MP_QSTR_timeout, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0} },
        { MP_QSTR_timeout_char, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0} },
        { MP_QSTR_flow, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 0} },
    };
    mp_arg_val_t a[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, a);
    self->baudrate = a[ARG_baudrate].u_int;
    self->timeout = a[ARG_timeout].u_int;
    self->timeout_char = a[ARG_timeout_char].u_int;
    self->rxbuf = a[ARG_rxbuf].u_int;
    port_uart_open(self->id, self->baudrate, self->rxbuf + 1);
}

static mp_obj_t mp_machine_uart_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, MP_OBJ_FUN_ARGS_MAX, true);
    mp_int_t id = mp_obj_get_int(args[0]);
    if (id < 1 || id >= PORT_NUM_UART) { // UART 0 is the REPL
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("UART(%d) doesn't exist"), (int)id);
    }
    machine_uart_obj_t *self = &uart_obj[id];
    self->base.type = &machine_uart_type;
    self->id = id;
    mp_map_t kw;
    mp_map_init_fixed_table(&kw, n_kw, args + n_args);
    mp_machine_uart_init_helper(self, n_args - 1, args + 1, &kw);
    return MP_OBJ_FROM_PTR(self);
}

static void mp_machine_uart_deinit(machine_uart_obj_t *self) {
    port_uart_close(self->id);
}

static mp_int_t mp_machine_uart_any(machine_uart_obj_t *self) {
    return port_uart_available(self->id);
}

static bool mp_machine_uart_txdone(machine_uart_obj_t *self) {
    return true;
}

static mp_uint_t mp_machine_uart_read(mp_obj_t self_in, void *buf_in, mp_uint_t size, int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    uint8_t *b = buf_in;
    mp_uint_t got = 0, t0 = mp_hal_ticks_ms(), wait = self->timeout;
    while (got < size) {
        int c = port_uart_getc(self->id);
        if (c >= 0) {
            b[got++] = c;
            t0 = mp_hal_ticks_ms();
            wait = self->timeout_char;
        } else if (mp_hal_ticks_ms() - t0 >= wait) {
            break;
        } else {
            mp_event_wait_ms(1);
        }
    }
    if (!got) {
        *errcode = MP_EAGAIN;
        return MP_STREAM_ERROR;
    }
    return got;
}

static mp_uint_t mp_machine_uart_write(mp_obj_t self_in, const void *buf_in, mp_uint_t size, int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    for (size_t i = 0; i < size; i++) {
        port_uart_putc(self->id, ((const uint8_t *)buf_in)[i]);
    }
    return size;
}

static mp_uint_t mp_machine_uart_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (request == MP_STREAM_POLL) {
        return (arg & MP_STREAM_POLL_WR) | ((arg & MP_STREAM_POLL_RD) && port_uart_available(self->id) ? MP_STREAM_POLL_RD : 0);
    }
    if (request == MP_STREAM_FLUSH) {
        return 0;
    }
    *errcode = MP_EINVAL;
    return MP_STREAM_ERROR;
}
