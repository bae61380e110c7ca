/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the volume that the loader was started from, read whole, with progress. */
#include "boot/loader.h"
#include "kernel/print.h"

#define CHUNK         MIB(1)
#define PROGRESS_FROM MIB(8) /* smaller files are there at once */

static const char missing[] = "is not on the boot volume: copy it there, or correct its path";
static const char empty[] = "is empty: copy it to the boot volume again";
static const char too_large[] = "does not fit in this machine's memory: use a smaller file";
static const char unreadable[] =
	"cannot be read: copy it again, and check the boot volume for errors";

static EFI_FILE_HANDLE root;

EFI_STATUS volume_open(void)
{
	EFI_GUID guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
	void *fs;
	EFI_STATUS s = bs->HandleProtocol(loaded_image->DeviceHandle, &guid, &fs);

	return EFI_ERROR(s) ? s : ((EFI_FILE_IO_INTERFACE *)fs)->OpenVolume(fs, &root);
}

void volume_close(void)
{
	root->Close(root);
}

/* NULL, or what is wrong. */
static const char *open(const char *path, EFI_FILE_HANDLE *file)
{
	CHAR16 wide[CONFIG_PATH_MAX];
	unsigned n = 0;

	for (; n < CONFIG_PATH_MAX - 1 && path[n]; n++)
		wide[n] = path[n] == '/' ? L'\\' : (unsigned char)path[n];
	wide[n] = 0;
	EFI_STATUS s = root->Open(root, file, wide, EFI_FILE_MODE_READ, 0);
	if (s == EFI_NOT_FOUND || s == EFI_INVALID_PARAMETER)
		return missing;
	return EFI_ERROR(s) ? unreadable : NULL;
}

static const char *file_size(EFI_FILE_HANDLE file, uint64_t *size)
{
	static union {
		EFI_FILE_INFO info;
		uint8_t bytes[sizeof(EFI_FILE_INFO) + 1024];
	} buf; /* the name, up to 255 characters of two bytes, follows the info */
	EFI_GUID guid = EFI_FILE_INFO_ID;
	UINTN len = sizeof(buf);

	if (EFI_ERROR(file->GetInfo(file, &guid, &len, &buf)))
		return unreadable;
	if (buf.info.Attribute & EFI_FILE_DIRECTORY)
		return missing;
	*size = buf.info.FileSize;
	return *size ? NULL : empty;
}

static const char *read_all(EFI_FILE_HANDLE file, uint64_t base, uint64_t size)
{
	uint64_t done = 0, quarter = 1;

	while (done < size) {
		UINTN n = min_u64(CHUNK, size - done);

		if (EFI_ERROR(file->Read(file, &n, phys(base + done))) || !n)
			return unreadable;
		done += n;
		if (size >= PROGRESS_FROM && quarter < 4 && done >= size / 4 * quarter)
			print(" %u%%", (unsigned)(25 * quarter++));
	}
	return NULL;
}

static const char *read_file(EFI_FILE_HANDLE file, const char *path, struct handoff_module *mod)
{
	const char *why = file_size(file, &mod->size);

	if (why)
		return why;
	mod->base = pages_alloc(mod->size, PAGES_ANYWHERE);
	if (!mod->base)
		return too_large;
	if (mod->size < MIB(1))
		print("Reading %s, %u KiB", path, (unsigned)((mod->size + 1023) >> 10));
	else
		print("Reading %s, %u MiB", path, (unsigned)(mod->size >> 20));
	why = read_all(file, mod->base, mod->size);
	print(why ? ": failed\n" : "\n");
	if (why) {
		pages_free(mod->base);
		mod->base = 0;
	}
	return why;
}

void volume_read(const char *path, struct handoff_module *mod)
{
	EFI_FILE_HANDLE file;

	mod->base = mod->size = 0;
	const char *why = open(path, &file);
	if (!why) {
		why = read_file(file, path, mod);
		file->Close(file);
	}
	(void)ksnprintf(mod->why, sizeof(mod->why), "%s", why ?: "");
}
