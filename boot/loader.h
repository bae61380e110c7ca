/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the UEFI loader share. */
#pragma once

#include <efi.h>

#include "boot/handoff.h"
#include "boot/memmap.h"
#include "kernel/config.h"

extern EFI_HANDLE image_handle;
extern EFI_SYSTEM_TABLE *st;
extern EFI_BOOT_SERVICES *bs;
extern EFI_LOADED_IMAGE *loaded_image;

/* print.c: on the firmware's console, and on a serial port that is not part of it. */
void print_init(void);
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* pages.c: loader memory, all of it given back by pages_free_all(). */
#define PAGES_ANYWHERE UINT64_MAX
#define PAGES_LOW_4G   0xffffffffull
uint64_t pages_alloc(uint64_t size, uint64_t max); /* 0: none; zeroed but for large ones */
bool pages_take(uint64_t base, uint64_t size);     /* at that address, and as it is */
void pages_free(uint64_t base);
void pages_free_all(void);

static inline void *phys(uint64_t pa)
{
	return (void *)(uintptr_t)pa;
}

/* volume.c */
EFI_STATUS volume_open(void);
void volume_close(void);
/* Reads a whole file into pages; fills base, size and why. */
void volume_read(const char *path, struct handoff_module *mod);

/* modules.c: the configuration and what it names. */
#define MODULES_MAX (1 + ARRAY_SIZE(((struct config_vm *)0)->file) * CONFIG_MAX_VMS)
int modules_load(struct handoff *h);

/* survive.c: fills survive; none is no error. */
void survive_reserve(struct handoff *h);

/* platform.c: what firmware knows about the machine. */
int platform_collect(struct handoff *h);

/* quiet.c: with boot services ended, nothing but this processor goes on. */
void quiet_machine(void);

/* exit.c: ends boot services and enters the hypervisor; returns only on failure. */
void leave_firmware(struct handoff *h);
