# SPDX-License-Identifier: MIT
objs-y += domain/domain.o domain/vcpu.o domain/memory.o domain/extent.o domain/shutdown.o domain/hooks.o \
	  domain/dump.o domain/time_info.o domain/guest_copy.o domain/copy_raw.o domain/rangeset.o \
	  domain/cpuid_policy.o domain/cpuid_list.o domain/msr_policy.o
