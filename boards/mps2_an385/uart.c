// SPDX-License-Identifier: MIT
// Copyright (c) 2013-2025 Damien P. George and the MicroPython contributors
// Copyright (c) 2025 the hanref contributors
// The five CMSDK UARTs. UART 0 is the REPL. Reception is by interrupt into a ring buffer; a full buffer leaves
// the octet in the UART, and QEMU then holds back the host, so nothing is lost.
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"

#define NVIC_ISER (*(volatile uint32_t *)0xE000E100)
#define NVIC_ICER (*(volatile uint32_t *)0xE000E180)
#define NVIC_ISPR (*(volatile uint32_t *)0xE000E200)

#define STATE_TX_FULL   1u
#define STATE_RX_FULL   2u
#define CTRL_TX         1u
#define CTRL_RX         2u
#define CTRL_RX_IRQ     8u
#define INTSTATUS_RX    2u
#define BAUDDIV_MIN     16u

typedef struct {
    volatile uint32_t DATA, STATE, CTRL, INTSTATUS, BAUDDIV;
} cmsdk_uart_t;

static cmsdk_uart_t *const uart[PORT_NUM_UART] = {
    (void *)0x40004000, (void *)0x40005000, (void *)0x40006000, (void *)0x40007000, (void *)0x40009000,
};
static const uint8_t rx_irq[PORT_NUM_UART] = { 0, 2, 4, 18, 20 };
static uint8_t rx_octets[PORT_NUM_UART][4096];
static ringbuf_t rx[PORT_NUM_UART];

static void isr(int number) {
    cmsdk_uart_t *u = uart[number];
    u->INTSTATUS = INTSTATUS_RX;
    while (u->STATE & STATE_RX_FULL) {
        if (ringbuf_free(&rx[number]) == 0) {
            u->CTRL &= ~CTRL_RX_IRQ;
            return;
        }
        uint8_t octet = u->DATA;
        if (number == 0 && octet == mp_interrupt_char) {
            mp_sched_keyboard_interrupt();
        } else {
            ringbuf_put(&rx[number], octet);
        }
    }
}

void port_uart0_isr(void) {
    isr(0);
}
void port_uart1_isr(void) {
    isr(1);
}
void port_uart2_isr(void) {
    isr(2);
}
void port_uart3_isr(void) {
    isr(3);
}
void port_uart4_isr(void) {
    isr(4);
}

void port_uart_open(int number, uint32_t baud_rate, uint32_t receive_buffer) {
    cmsdk_uart_t *u = uart[number];
    receive_buffer = MAX(receive_buffer, 16);
    receive_buffer = MIN(receive_buffer, sizeof(rx_octets[0]));
    rx[number] = (ringbuf_t) { rx_octets[number], receive_buffer, 0, 0 };
    uint32_t divisor = baud_rate ? PORT_CPU_HZ / baud_rate : 0;
    u->BAUDDIV = MAX(divisor, BAUDDIV_MIN);
    u->CTRL = CTRL_TX | CTRL_RX | CTRL_RX_IRQ;
    NVIC_ISER = 1u << rx_irq[number];
}

void port_uart_close(int number) {
    uart[number]->CTRL = 0;
    NVIC_ICER = 1u << rx_irq[number];
}

size_t port_uart_available(int number) {
    return ringbuf_avail(&rx[number]);
}

int port_uart_getc(int number) {
    int octet = ringbuf_get(&rx[number]);
    if (octet >= 0 && !(uart[number]->CTRL & CTRL_RX_IRQ)) {
        // There is room again: fetch what the UART kept back.
        uart[number]->CTRL |= CTRL_RX_IRQ;
        NVIC_ISPR = 1u << rx_irq[number];
    }
    return octet;
}

void port_uart_putc(int number, uint8_t octet) {
    while (uart[number]->STATE & STATE_TX_FULL) {
    }
    uart[number]->DATA = octet;
}

// ---- standard input and output on UART 0 ----------------------------------

uintptr_t mp_hal_stdio_poll(uintptr_t flags) {
    uintptr_t ready = flags & MP_STREAM_POLL_WR;
    if ((flags & MP_STREAM_POLL_RD) && port_uart_available(0)) {
        ready |= MP_STREAM_POLL_RD;
    }
    return ready;
}

int mp_hal_stdin_rx_chr(void) {
    for (;;) {
        int octet = port_uart_getc(0);
        if (octet >= 0) {
            return octet;
        }
        mp_event_wait_indefinite();
    }
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        port_uart_putc(0, text[i]);
    }
    return length;
}
