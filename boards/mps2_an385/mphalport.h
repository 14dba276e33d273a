// SPDX-License-Identifier: MIT
// Copyright (c) 2013-2025 Damien P. George and the MicroPython contributors
// Copyright (c) 2025 the hanref contributors
// What the files of this port give each other, and what MicroPython wants of a port.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "py/ringbuf.h"
#include "shared/runtime/interrupt_char.h"

#define PORT_CPU_HZ   (25000000u)
#define PORT_NUM_UART (5)

// chip.c
void port_init(void);
void port_system_reset(void);
uint64_t port_uptime_us(void);
void port_set_time_s(int64_t seconds);

// semihosting.c
bool port_command_line(char *buffer, size_t length);
bool port_command_word(const char *name, char *value, size_t length);
uint32_t port_host_time_s(void);
bool port_urandom(uint8_t *buffer, size_t length);
uint32_t port_random_u32(void);

// uart.c
void port_uart_open(int number, uint32_t baud_rate, uint32_t receive_buffer);
void port_uart_close(int number);
size_t port_uart_available(int number);
int port_uart_getc(int number);
void port_uart_putc(int number, uint8_t octet);
void port_uart0_isr(void);
void port_uart1_isr(void);
void port_uart2_isr(void);
void port_uart3_isr(void);
void port_uart4_isr(void);
