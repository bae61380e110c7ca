/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mullion's UEFI loader: reads the configuration and the images, hands the machine over. */
#include "boot/loader.h"

#define READING_TIME 3000000u /* microseconds before firmware goes on and may clear the screen */

EFI_HANDLE image_handle;
EFI_SYSTEM_TABLE *st;
EFI_BOOT_SERVICES *bs;
EFI_LOADED_IMAGE *loaded_image;

/* Does not return when all goes well. */
static void start(void)
{
	struct handoff *h = phys(pages_alloc(sizeof(*h), PAGES_ANYWHERE));

	if (!h) {
		print("Mullion: there is no memory for the loader's own data.\n");
		return;
	}
	survive_reserve(h);
	if (EFI_ERROR(volume_open())) {
		print("Mullion: the volume that it was started from cannot be opened; start "
		      "\\EFI\\BOOT\\BOOTX64.EFI from a FAT file system.\n");
		return;
	}
	int err = modules_load(h);
	volume_close();
	if (!err && !platform_collect(h))
		leave_firmware(h);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	EFI_GUID guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
	void *li;

	image_handle = image;
	st = table;
	bs = table->BootServices;
	/* Large files on slow media take longer than the five minutes of the watchdog. */
	bs->SetWatchdogTimer(0, 0, 0, NULL);
	print_init();
	print("\nMullion " MULLION_VERSION ", UEFI loader\n");
	if (EFI_ERROR(bs->HandleProtocol(image, &guid, &li)))
		return EFI_LOAD_ERROR;
	loaded_image = li;

	start();
	pages_free_all();
	print("Mullion: returning to the firmware.\n");
	bs->Stall(READING_TIME);
	return EFI_LOAD_ERROR;
}
