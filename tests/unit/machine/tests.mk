# SPDX-License-Identifier: MIT
include machine/machine.mk
CFLAGS	+= -I./machine

MACHINE_TESTS := mm domain calls vcpu_calls control machine_calls efi_calls policy pv_desc pv_type \
	pv_grant mmu_update type_race domain_race memory_op pv_switch
TESTS	+= $(MACHINE_TESTS)
$(foreach test,$(MACHINE_TESTS),$(eval $(test)-y := $(MACHINE:%=+%))$(eval $(test)-libs := $(MACHINE_LIBS)))
domain_race-y := $(filter-out +hv/domain/domain.c +hv/event/pirq.c,$(domain_race-y))
type_race-y := $(filter-out +hv/pv/type.c +hv/mm/frame.c,$(type_race-y))
mm-y	:= $(filter-out +own/machine/heap.c,$(mm-y)) +hv/mm/heap.c
