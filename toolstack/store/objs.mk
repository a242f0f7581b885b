# SPDX-License-Identifier: MIT
#
# The store, and a stand-alone server of it that only the tests use.

STORE_OBJS := api.o check.o conn.o domain.o journal.o mem.o node.o ops.o path.o perm.o quota.o replay.o \
	request.o ring.o snapshot.o socket.o store.o strmap.o tree.o txn.o watch.o wire.o

STORE_LIBS := $(call built_in,event_core) -lz
XEND_LIBS += $(STORE_LIBS)
PROGRAMS += $(B)/xenstored-test

$(B)/store/standalone.o: $(ROOT)/tests/toolstack/store/standalone.c $(B)/.flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/xenstored-test: $(B)/store/standalone.o $(B)/base/glibc.o $(STORE_OBJS:%=$(B)/store/%)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(STORE_LIBS)

-include $(B)/store/standalone.d
