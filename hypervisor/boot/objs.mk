# SPDX-License-Identifier: MIT
objs-y += boot/boot.o boot/e820.o boot/main.o boot/multiboot.o boot/multiboot2.o
