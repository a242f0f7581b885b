/* SPDX-License-Identifier: MIT */
/* See kernels.h.  A few entries, the one unused for longest goes. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/kernels.h"

#define KERNELS 4

static struct kernel {
	char path[1024];	/* "": free */
	struct image img;
	unsigned long used;
} kernels[KERNELS];
static unsigned long now;

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

const struct image *kernels_find(const char *path)
{
	struct stat st;

	for (int i = 0; i < KERNELS; i++) {
		struct kernel *k = &kernels[i];

		if (strcmp(k->path, path) != 0 || stat(path, &st) < 0 || !same_file(&st, &k->img.st))
			continue;
		k->used = ++now;
		return &k->img;
	}
	return NULL;
}

static void kernels_add(const char *path, int fd, const struct image_info *info, const struct stat *st)
{
	struct kernel *k = &kernels[0];
	struct error err = ERROR_INIT;

	for (int i = 0; i < KERNELS; i++) {
		if (strcmp(kernels[i].path, path) == 0) {
			k = &kernels[i];
			break;
		}
		if (kernels[i].used < k->used)
			k = &kernels[i];
	}
	if (k->path[0])
		image_free(&k->img);
	k->path[0] = '\0';
	if (strlen(path) >= sizeof(k->path) || image_adopt(&k->img, fd, info, &err) < 0) {
		close(fd);
		return;
	}
	k->img.st = *st;
	k->used = ++now;
	snprintf(k->path, sizeof(k->path), "%s", path);
	log_info("kernel '%s' is unpacked", path);
}

/* Both structs as hexadecimal digits: they travel between two copies of one program. */
struct kernel_key {
	struct image_info info;
	struct stat st;
};

json_t *kernels_message(const struct image *img)
{
	static const char digits[] = "0123456789abcdef";
	struct kernel_key key;
	char hex[2 * sizeof(key) + 1];

	memset(&key, 0, sizeof(key));
	key.info = img->info;
	key.st = img->st;
	for (size_t i = 0; i < sizeof(key); i++) {
		hex[2 * i] = digits[((uint8_t *)&key)[i] >> 4];
		hex[2 * i + 1] = digits[((uint8_t *)&key)[i] & 15];
	}
	hex[2 * sizeof(key)] = '\0';
	return json_pack("{s:s}", "kernel", hex);
}

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

void kernels_take(const char *path, const json_t *msg, int fd)
{
	const char *hex = json_string_value(json_object_get(msg, "kernel"));
	struct kernel_key key;

	if (fd < 0 || !hex || strlen(hex) != 2 * sizeof(key)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (size_t i = 0; i < sizeof(key); i++)
		((uint8_t *)&key)[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	kernels_add(path, fd, &key.info, &key.st);
}
