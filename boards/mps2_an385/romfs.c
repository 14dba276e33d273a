// SPDX-License-Identifier: MIT
// Copyright (c) 2013-2025 Damien P. George and the MicroPython contributors
// Copyright (c) 2025 the hanref contributors
// The part of the emulated flash that holds the read-only file system.
#include <string.h>
#include "py/mperrno.h"
#include "py/objarray.h"
#include "py/runtime.h"
#include "extmod/vfs.h"

#define WRITE_GRANULARITY 4

static const MP_DEFINE_MEMORYVIEW_OBJ(segment, 'B', 0, PORT_ROMFS_SIZE, (void *)PORT_ROMFS_BASE);

// Whether `length` octets from `offset` lie within the segment.
static bool within(mp_int_t offset, size_t length) {
    return offset >= 0 && (size_t)offset <= PORT_ROMFS_SIZE && length <= PORT_ROMFS_SIZE - (size_t)offset;
}

mp_obj_t mp_vfs_rom_ioctl(size_t n_args, const mp_obj_t *args) {
    mp_int_t command = mp_obj_get_int(args[0]);
    if (command == MP_VFS_ROM_IOCTL_GET_NUMBER_OF_SEGMENTS) {
        return MP_OBJ_NEW_SMALL_INT(1);
    }
    if (n_args < 2 || mp_obj_get_int(args[1]) != 0) {
        return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
    }
    if (command == MP_VFS_ROM_IOCTL_GET_SEGMENT) {
        return MP_OBJ_FROM_PTR(&segment);
    }
    if (command == MP_VFS_ROM_IOCTL_WRITE_PREPARE && n_args > 2 && within(mp_obj_get_int(args[2]), 0)) {
        memset((void *)PORT_ROMFS_BASE, 0xff, mp_obj_get_int(args[2]));
        return MP_OBJ_NEW_SMALL_INT(WRITE_GRANULARITY);
    }
    if (command == MP_VFS_ROM_IOCTL_WRITE && n_args > 3) {
        mp_buffer_info_t data;
        mp_get_buffer_raise(args[3], &data, MP_BUFFER_READ);
        if (within(mp_obj_get_int(args[2]), data.len)) {
            memcpy((char *)PORT_ROMFS_BASE + mp_obj_get_int(args[2]), data.buf, data.len);
            return MP_OBJ_NEW_SMALL_INT(0);
        }
    }
    if (command == MP_VFS_ROM_IOCTL_WRITE_COMPLETE) {
        return MP_OBJ_NEW_SMALL_INT(0);
    }
    return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
}
