/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the volume that the loader was started from, read whole, with progress. */
#include "boot/loader.h"

#define CHUNK         MIB(1)
#define PROGRESS_FROM MIB(8) /* smaller files are there at once */

static EFI_FILE_HANDLE root;

EFI_STATUS volume_open(void)
{
	EFI_GUID guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
	void *fs;
	EFI_STATUS s = bs->HandleProtocol(loaded_image->DeviceHandle, &guid, &fs);

	if (EFI_ERROR(s))
		return s;
	return ((EFI_FILE_IO_INTERFACE *)fs)->OpenVolume(fs, &root);
}

void volume_close(void)
{
	if (root)
		root->Close(root);
	root = NULL;
}

const char *volume_error(int32_t status)
{
	switch (status) {
	case HANDOFF_MOD_MISSING:
		return "is not on the boot volume; copy it there";
	case HANDOFF_MOD_EMPTY:
		return "is empty; copy it to the boot volume again";
	case HANDOFF_MOD_NOMEM:
		return "does not fit in this machine's memory; use a smaller file";
	default:
		return "cannot be read; copy it again, and check the boot volume for errors";
	}
}

/* 0, or a HANDOFF_MOD_ status. */
static int32_t open(const char *path, EFI_FILE_HANDLE *file)
{
	CHAR16 wide[CONFIG_PATH_MAX];
	unsigned n = 0;
	EFI_STATUS s;

	for (; n < CONFIG_PATH_MAX - 1 && path[n]; n++)
		wide[n] = path[n] == '/' ? L'\\' : (unsigned char)path[n];
	wide[n] = 0;
	s = root->Open(root, file, wide, EFI_FILE_MODE_READ, 0);
	if (s == EFI_NOT_FOUND || s == EFI_INVALID_PARAMETER)
		return HANDOFF_MOD_MISSING;
	return EFI_ERROR(s) ? HANDOFF_MOD_IO : 0;
}

static int32_t file_size(EFI_FILE_HANDLE file, uint64_t *size)
{
	static union {
		EFI_FILE_INFO info;
		uint8_t bytes[sizeof(EFI_FILE_INFO) + 1024];
	} buf; /* the name, up to 255 characters of two bytes, follows the info */
	EFI_GUID guid = EFI_FILE_INFO_ID;
	UINTN len = sizeof(buf);

	if (EFI_ERROR(file->GetInfo(file, &guid, &len, &buf)))
		return HANDOFF_MOD_IO;
	if (buf.info.Attribute & EFI_FILE_DIRECTORY)
		return HANDOFF_MOD_MISSING;
	*size = buf.info.FileSize;
	return *size ? 0 : HANDOFF_MOD_EMPTY;
}

static int32_t read_all(EFI_FILE_HANDLE file, uint64_t base, uint64_t size)
{
	uint64_t done = 0, quarter = 1;

	while (done < size) {
		UINTN n = min_u64(CHUNK, size - done);

		if (EFI_ERROR(file->Read(file, &n, phys(base + done))) || !n)
			return HANDOFF_MOD_IO;
		done += n;
		if (size >= PROGRESS_FROM && quarter < 4 && done >= size / 4 * quarter)
			print(" %u%%", (unsigned)(25 * quarter++));
	}
	return 0;
}

static int32_t read_file(EFI_FILE_HANDLE file, const char *path, struct handoff_module *mod)
{
	int32_t status = file_size(file, &mod->size);

	if (status)
		return status;
	mod->base = pages_alloc(mod->size, PAGES_ANYWHERE);
	if (!mod->base)
		return HANDOFF_MOD_NOMEM;
	if (mod->size < MIB(1))
		print("Reading %s, %u KiB", path, (unsigned)((mod->size + 1023) >> 10));
	else
		print("Reading %s, %u MiB", path, (unsigned)(mod->size >> 20));
	status = read_all(file, mod->base, mod->size);
	print(status ? ": failed\n" : "\n");
	if (status) {
		pages_free(mod->base);
		mod->base = 0;
	}
	return status;
}

void volume_read(const char *path, struct handoff_module *mod)
{
	EFI_FILE_HANDLE file;

	mod->base = mod->size = 0;
	mod->status = open(path, &file);
	if (mod->status)
		return;
	mod->status = read_file(file, path, mod);
	file->Close(file);
}
