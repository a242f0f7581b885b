# SPDX-License-Identifier: MIT
# The toolstack's parsers of what others wrote: configurations, messages, the store's wire and journal, kernels.
TOOLS		:= $(ROOT)/toolstack
TOOL_CFLAGS	:= -std=gnu11 -O1 -g -D_GNU_SOURCE -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
		   -fno-sanitize-recover=undefined -Wall -Wextra -Werror -iquote $(TOOLS) -iquote $(SRC) \
		   -I/usr/include/libxml2 -Wa,-I$(TOOLS) $(EXTRA_CFLAGS)

tool_folders	= $(foreach folder,$1,$(patsubst $(TOOLS)/%,@%,$(wildcard $(TOOLS)/$(folder)/*.c)))
conf		:= $(call tool_folders,base conf proto)
store		:= $(call tool_folders,store) ../tests/toolstack/store/harness.c

FROM_TOOLS	:= $(addprefix conf_,xl xml json msg) $(addprefix store_,wire core journal) image
FUZZERS		+= $(FROM_TOOLS)
$(foreach f,$(filter conf_%,$(FROM_TOOLS)),$(eval $f-y := $(conf)))
$(foreach f,$(filter conf_%,$(FROM_TOOLS)),$(eval $f-libs := -ljansson -luuid))
$(foreach f,$(filter conf_%,$(FROM_TOOLS)),$(eval $f-flags := -max_len=4096 -timeout=10 -rss_limit_mb=1024))
$(foreach f,$(filter store_%,$(FROM_TOOLS)),$(eval $f-y := $(store)))
$(foreach f,$(filter store_%,$(FROM_TOOLS)),$(eval $f-libs := -levent_core -lz))
$(foreach f,$(filter store_%,$(FROM_TOOLS)),$(eval $f-flags := -max_len=2048 -len_control=0 -timeout=20))
image-y		:= $(addprefix @,build/codec.c build/unpack.c build/elf.c build/pv_plan.c build/pv_tables.c \
			base/error.c)
image-libs	:= -lz -lbz2 -llzma -lzstd -llz4 -llzo2
image-flags	:= -rss_limit_mb=4096

$(FROM_TOOLS:%=$(OBJ)/local/%_fuzz.o) $(OBJ)/hv/../tests/toolstack/store/harness.o: CFLAGS = $(TOOL_CFLAGS)
$(OBJ)/tool/%.o: $(TOOLS)/%.c
	@mkdir -p $(@D)
	@echo "  CLANG toolstack/$*.c"
	@$(CC) $(TOOL_CFLAGS) -MMD -MP -c -o $@ $<
