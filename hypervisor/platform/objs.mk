# SPDX-License-Identifier: MIT
objs-y += platform/acpi.o platform/acpi_fadt.o platform/acpi_madt.o platform/ap_trampoline.o
objs-y += platform/clock.o platform/efi.o platform/efi_entry.o platform/efi_map.o platform/font.o \
	  platform/hpet.o platform/ioapic.o platform/irq.o platform/lfb.o platform/msi.o platform/nmi.o
objs-y += platform/pci.o platform/pic.o platform/pit.o platform/pmtimer.o platform/power.o
objs-y += platform/resources.o platform/rtc.o platform/setup.o platform/smp_boot.o platform/suspend.o \
	  platform/suspend_entry.o
objs-y += platform/uart.o platform/vga.o
