/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a fuzz target over files, where libFuzzer is not there: replay FILE... */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_SIZE (4u << 20)

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		uint8_t *data = malloc(MAX_SIZE), *exact;
		FILE *f = fopen(argv[i], "rb");
		size_t n;

		if (!f || !data) {
			perror(argv[i]);
			return 2;
		}
		n = fread(data, 1, MAX_SIZE, f);
		fclose(f);
		/* No larger than the file, so that a read beyond it is caught. */
		exact = realloc(data, n ? n : 1);
		if (!exact)
			return 2;
		LLVMFuzzerTestOneInput(exact, n);
		free(exact);
	}
	printf("%d files, no failure\n", argc - 1);
	return 0;
}
