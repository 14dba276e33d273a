
// SPDX-License-Identifier: Apache-2.0
// Added to MicroPython's boards/RPI_PICO/mpconfigboard.h: room for the firmware in a read-only file system. It lies
// between the code, which uses 324 of its 640 KB, and the 1408 KB file system.
#define MICROPY_HW_ROMFS_BYTES                  (256 * 1024)
