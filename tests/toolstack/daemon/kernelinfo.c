/* SPDX-License-Identifier: MIT */
/* Loads a kernel as the daemon does and prints what it asks for.  usage: kernelinfo FILE */
#include <stdio.h>

#include "build/image.h"

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct image img;

	if (argc != 2)
		return 2;
	if (image_load(argv[1], &img, &err)) {
		error_print(stderr, &err);
		return 1;
	}
	printf("%u-bit %s packed=%s base=%#llx image=%#llx-%#llx entry=%#llx p2m=%#llx modpfn=%d\n",
	       img.info.bits, img.info.guest_os, img.info.packed, (unsigned long long)img.info.virt_base,
	       (unsigned long long)img.info.vstart, (unsigned long long)img.info.vend,
	       (unsigned long long)img.info.entry, (unsigned long long)img.info.p2m_base,
	       img.info.mod_start_pfn);
	image_free(&img);
	return 0;
}
