# SPDX-License-Identifier: MIT
objs-y += x86/desc.o x86/extable.o x86/features.o x86/fpu.o x86/lapic.o x86/tlb.o x86/tsc.o x86/percpu.o
