// SPDX-License-Identifier: MIT
// Copyright (c) 2013-2025 Damien P. George and the MicroPython contributors
// Copyright (c) 2025 the hanref contributors
// Services of the host: the words of QEMU's command line, the time of day, random octets.
#include <string.h>
#include "py/mphal.h"

#define SYS_OPEN        0x01
#define SYS_CLOSE       0x02
#define SYS_READ        0x06
#define SYS_TIME        0x11
#define SYS_GET_CMDLINE 0x15
#define MODE_READ_BINARY 1

static int call(int operation, const void *arguments) {
    register int r0 __asm ("r0") = operation;
    register const void *r1 __asm ("r1") = arguments;
    __asm volatile ("bkpt 0xab" : "+r" (r0) : "r" (r1) : "memory");
    return r0;
}

bool port_command_line(char *buffer, size_t length) {
    uintptr_t block[2] = { (uintptr_t)buffer, length };
    buffer[0] = 0;
    if (call(SYS_GET_CMDLINE, block) != 0) {
        buffer[0] = 0;
    }
    return buffer[0] != 0;
}

// The value of the word "name=value", false where there is none or it does not fit.
bool port_command_word(const char *name, char *value, size_t length) {
    char line[256];
    size_t name_length = strlen(name);
    if (!port_command_line(line, sizeof(line))) {
        return false;
    }
    for (char *word = line; word != NULL; word = strchr(word, ' ')) {
        word += *word == ' ';
        if (strncmp(word, name, name_length) == 0 && word[name_length] == '=') {
            char *start = word + name_length + 1;
            size_t size = strcspn(start, " ");
            if (size == 0 || size >= length) {
                return false;
            }
            memcpy(value, start, size);
            value[size] = 0;
            return true;
        }
    }
    return false;
}

uint32_t port_host_time_s(void) {
    return (uint32_t)call(SYS_TIME, NULL);
}

bool port_urandom(uint8_t *buffer, size_t length) {
    static const char name[] = "/dev/urandom";
    uintptr_t open[3] = { (uintptr_t)name, MODE_READ_BINARY, sizeof(name) - 1 };
    int file = call(SYS_OPEN, open);
    if (file < 0) {
        return false;
    }
    uintptr_t read[3] = { file, (uintptr_t)buffer, length };
    int missing = call(SYS_READ, read);
    uintptr_t close[1] = { file };
    call(SYS_CLOSE, close);
    return missing == 0;
}

uint32_t port_random_u32(void) {
    uint32_t value = 0;
    port_urandom((uint8_t *)&value, sizeof(value));
    return value;
}
