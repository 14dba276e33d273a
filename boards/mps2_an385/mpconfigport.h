// SPDX-License-Identifier: MIT
// Copyright (c) 2013-2025 Damien P. George and the MicroPython contributors
// Copyright (c) 2025 the hanref contributors
// What is compiled in: the feature level of the rp2 and esp32 ports, and what the firmware needs.
#include <stdint.h>
#include <alloca.h>
#define MICROPY_CONFIG_ROM_LEVEL            (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#define MICROPY_HW_BOARD_NAME               "MPS2-AN385 (emulated)"
#define MICROPY_HW_MCU_NAME                 "Cortex-M3"
#define MICROPY_EMIT_THUMB                  (1)
#define MICROPY_EMIT_INLINE_THUMB           (1)
#define MICROPY_MAKE_POINTER_CALLABLE(p)    ((void *)((mp_uint_t)(p) | 1))
#define MICROPY_GC_STACK_ENTRY_TYPE         uint16_t
#define MICROPY_ALLOC_PATH_MAX              (128)
#define MICROPY_QSTR_BYTES_IN_HASH          (1)
#define MICROPY_OPT_COMPUTED_GOTO           (1)
#define MICROPY_PERSISTENT_CODE_LOAD        (1)
#define MICROPY_READER_VFS                  (1)
#define MICROPY_ENABLE_GC                   (1)
#define MICROPY_STACK_CHECK_MARGIN          (256)
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_LONGINT_IMPL                (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL                  (MICROPY_FLOAT_IMPL_FLOAT)
#define MICROPY_SCHEDULER_DEPTH             (8)
#define MICROPY_SCHEDULER_STATIC_NODES      (1)
#define MICROPY_USE_INTERNAL_ERRNO          (1)
#define MICROPY_PY_SYS_PLATFORM             "qemu"
#define MICROPY_PY_BUILTINS_HELP            (1)
#define MICROPY_EPOCH_IS_1970               (1)
#define MICROPY_PY_OS_UNAME                 (1)
#define MICROPY_PY_OS_SYNC                  (0)
#define MICROPY_PY_OS_URANDOM               (1)
#define MICROPY_PY_OS_INCLUDEFILE           "port_os.c"
#define MICROPY_PY_RE_MATCH_GROUPS          (1)
#define MICROPY_PY_HASHLIB_SHA1             (1)
#define MICROPY_PY_CRYPTOLIB                (1)
#define MICROPY_SSL_MBEDTLS                 (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS        (1)
#define MICROPY_PY_TIME_INCLUDEFILE         "port_time.c"
#define MICROPY_PY_RANDOM_SEED_INIT_FUNC    (port_random_u32())
#define MICROPY_PY_MACHINE                  (1)
#define MICROPY_PY_MACHINE_INCLUDEFILE      "port_machine.c"
#define MICROPY_PY_MACHINE_RESET            (1)
#define MICROPY_PY_MACHINE_BARE_METAL_FUNCS (1)
#define MICROPY_PY_MACHINE_DISABLE_IRQ_ENABLE_IRQ (1)
#define MICROPY_PY_MACHINE_PIN_BASE         (1)
#define MICROPY_PY_MACHINE_UART             (1)
#define MICROPY_PY_MACHINE_UART_INCLUDEFILE "port_uart.c"
#define MICROPY_VFS                         (1)
#define MICROPY_VFS_ROM                     (1)
#define MICROPY_VFS_ROM_IOCTL               (1)

// The board's PSRAM stands in for external flash: it survives a reset, and QEMU can keep it in a file.
#define PORT_FLASH_BASE  (0x21000000u)
#define PORT_FLASH_SIZE  (0x00200000u)
#define PORT_ROMFS_BASE  (0x21800000u)
#define PORT_ROMFS_SIZE  (0x00100000u)

#define MP_SSIZE_MAX (0x7fffffff)
typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef intptr_t mp_off_t;
#define MP_NEED_LOG2 (1)
#define MP_STATE_PORT MP_STATE_VM

#define MICROPY_INTERNAL_WFE(TIMEOUT_MS) __asm volatile ("wfi")
static inline uint32_t port_irq_save(void) {
    uint32_t s;
    __asm volatile ("mrs %0, primask\ncpsid i" : "=r" (s) :: "memory");
    return s;
}
static inline void port_irq_restore(uint32_t s) {
    __asm volatile ("msr primask, %0" :: "r" (s) : "memory");
}
#define MICROPY_BEGIN_ATOMIC_SECTION()     port_irq_save()
#define MICROPY_END_ATOMIC_SECTION(state)  port_irq_restore(state)
uint32_t port_random_u32(void);
