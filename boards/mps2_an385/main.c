// SPDX-License-Identifier: MIT
// Copyright (c) 2013-2025 Damien P. George and the MicroPython contributors
// Copyright (c) 2025 the hanref contributors
// Start, boot order and the REPL, as on the rp2 port.
#include <stdlib.h>
#include <string.h>
#include "py/builtin.h"
#include "py/compile.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stackctrl.h"
#include "shared/readline/readline.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/pyexec.h"
#include "shared/runtime/semihosting_arm.h"

#define HEAP_MIN 8192

static uint32_t gc_heap[MICROPY_HEAP_SIZE / sizeof(uint32_t)];
extern uint32_t _estack, _stack_limit;

// The heap of this run: "heap=<octets>" on the command line may make it smaller than what was built.
static size_t heap_size(void) {
    char value[12];
    if (port_command_word("heap", value, sizeof(value))) {
        size_t wanted = 0;
        for (char *digit = value; *digit >= '0' && *digit <= '9'; digit++) {
            wanted = wanted * 10 + (*digit - '0');
        }
        if (wanted >= HEAP_MIN && wanted < MICROPY_HEAP_SIZE) {
            return wanted;
        }
    }
    return MICROPY_HEAP_SIZE;
}

// The words of the command line become sys.argv.
static void fill_argv(void) {
    char line[256];
    port_command_line(line, sizeof(line));
    for (char *word = line; *word;) {
        size_t length = strcspn(word, " ");
        if (length) {
            mp_obj_list_append(mp_sys_argv, mp_obj_new_str(word, length));
        }
        word += length + (word[length] == ' ');
    }
}

// boot.py, main.py and the REPL until it is left.
static void run(void) {
    if (pyexec_file_if_exists("boot.py") & PYEXEC_FORCED_EXIT) {
        return;
    }
    if (pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL && pyexec_file_if_exists("main.py") & PYEXEC_FORCED_EXIT) {
        return;
    }
    while ((pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl()) == 0) {
    }
}

int main(void) {
    port_init();
    mp_stack_set_top(&_estack);
    mp_stack_set_limit((char *)&_estack - (char *)&_stack_limit - 512);
    gc_init(gc_heap, (char *)gc_heap + heap_size());
    for (;;) {
        mp_init(); // mounts ROMFS at /rom too
        fill_argv();
        mp_obj_list_append(mp_sys_path, MP_OBJ_NEW_QSTR(MP_QSTR__slash_lib));
        readline_init0();
        pyexec_frozen_module("_boot.py", false);
        run();
        mp_printf(&mp_plat_print, "MPY: soft reboot\n"); // the words mpremote waits for
        for (int number = 1; number < PORT_NUM_UART; number++) {
            port_uart_close(number);
        }
        gc_sweep_all();
        mp_deinit();
    }
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

void nlr_jump_fail(void *value) {
    mp_printf(&mp_plat_print, "uncaught NLR\n");
    exit(1);
}

void exit(int status) {
    mp_semihosting_exit(status);
    for (;;) {
    }
}
