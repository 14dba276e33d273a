// SPDX-License-Identifier: MIT
// Copyright (c) 2013-2025 Damien P. George and the MicroPython contributors
// Copyright (c) 2025 the hanref contributors
// The chip: vectors, start, reset, and time from SysTick.
#include "py/mphal.h"
#include "py/runtime.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SYST_CSR REGISTER(0xE000E010)
#define SYST_RVR REGISTER(0xE000E014)
#define SYST_CVR REGISTER(0xE000E018)
#define ICSR     REGISTER(0xE000ED04)
#define AIRCR    REGISTER(0xE000ED0C)
#define ICSR_SYSTICK_PENDING (1u << 26)
#define AIRCR_SYSTEM_RESET   (0x05FA0004u)
#define TICK (PORT_CPU_HZ / 1000u)

static volatile uint32_t milliseconds;
static int64_t epoch_us;

extern uint32_t _estack, _sidata, _sdata, _edata, _sbss, _ebss;
int main(void);
void NMI_Handler(void);
void HardFault_Handler(void);
void MemManage_Handler(void);
void BusFault_Handler(void);
void UsageFault_Handler(void);
void SVC_Handler(void);
void DebugMon_Handler(void);
void PendSV_Handler(void);

__attribute__((naked)) void Reset_Handler(void) {
    __asm volatile ("ldr r0, =_estack\nmov sp, r0\nb start");
}

__attribute__((used)) void start(void) {
    for (uint32_t *from = &_sidata, *to = &_sdata; to < &_edata;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &_sbss; to < &_ebss;) {
        *to++ = 0;
    }
    main();
}

// Not called SysTick_Handler: MicroPython's errorhandler.c has one of that name.
static void systick_isr(void) {
    milliseconds++;
}

#define VECTOR(function) ((uint32_t)&function)
__attribute__((section(".isr_vector"), used)) const uint32_t isr_vector[16 + 32] = {
    VECTOR(_estack), VECTOR(Reset_Handler), VECTOR(NMI_Handler), VECTOR(HardFault_Handler),
    VECTOR(MemManage_Handler), VECTOR(BusFault_Handler), VECTOR(UsageFault_Handler), 0, 0, 0, 0,
    VECTOR(SVC_Handler), VECTOR(DebugMon_Handler), 0, VECTOR(PendSV_Handler), VECTOR(systick_isr),
    [16 + 0] = VECTOR(port_uart0_isr), [16 + 2] = VECTOR(port_uart1_isr), [16 + 4] = VECTOR(port_uart2_isr),
    [16 + 18] = VECTOR(port_uart3_isr), [16 + 20] = VECTOR(port_uart4_isr),
};

void port_init(void) {
    SYST_RVR = TICK - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
    epoch_us = (int64_t)port_host_time_s() * 1000000;
    port_uart_open(0, 115200, 1024);
}

void port_system_reset(void) {
    AIRCR = AIRCR_SYSTEM_RESET;
    for (;;) {
    }
}

uint64_t port_uptime_us(void) {
    uint32_t state = port_irq_save();
    uint32_t whole = milliseconds, count = SYST_CVR;
    if (ICSR & ICSR_SYSTICK_PENDING) {
        count = SYST_CVR;
        whole++;
    }
    port_irq_restore(state);
    return (uint64_t)whole * 1000u + (TICK - 1 - count) / (TICK / 1000);
}

void port_set_time_s(int64_t seconds) {
    epoch_us = seconds * 1000000 - port_uptime_us();
}

mp_uint_t mp_hal_ticks_ms(void) {
    return milliseconds;
}

mp_uint_t mp_hal_ticks_us(void) {
    return (mp_uint_t)port_uptime_us();
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return (mp_uint_t)port_uptime_us() * (PORT_CPU_HZ / 1000000u);
}

uint64_t mp_hal_time_ns(void) {
    return (epoch_us + port_uptime_us()) * 1000;
}

void mp_hal_delay_ms(mp_uint_t duration) {
    uint32_t begin = milliseconds;
    while (milliseconds - begin < duration) {
        mp_event_wait_ms(duration - (milliseconds - begin));
    }
}

void mp_hal_delay_us(mp_uint_t duration) {
    uint64_t end = port_uptime_us() + duration;
    while (port_uptime_us() < end) {
    }
}
