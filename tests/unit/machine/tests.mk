# SPDX-License-Identifier: MIT
include machine/machine.mk
CFLAGS	+= -I./machine

MACHINE_TESTS := life pv_grant
TESTS	+= $(MACHINE_TESTS)
$(foreach test,$(MACHINE_TESTS),$(eval $(test)-y := $(MACHINE:%=+%)))
