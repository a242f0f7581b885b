# SPDX-License-Identifier: MIT
objs-y += platform/acpi.o platform/acpi_fadt.o platform/acpi_madt.o platform/clock.o platform/hpet.o platform/ioapic.o
objs-y += platform/irq.o platform/msi.o platform/nmi.o platform/pci.o platform/pic.o platform/pit.o platform/pmtimer.o
objs-y += platform/power.o platform/resources.o platform/rtc.o platform/setup.o platform/smp_boot.o platform/uart.o
objs-y += platform/vga.o
