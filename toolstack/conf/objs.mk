# SPDX-License-Identifier: MIT
# Objects of conf/: used by xl and by xend.
CONF_OBJS := value.o diag.o xl_lex.o xl_syntax.o xml.o libxml.o xml_elements.o xml_values.o xml_write.o schema.o \
	scalar.o fields.o disk.o vif.o cpus.o cpuid.o ranges.o devices.o keys.o refused.o guest.o apply.o \
	finish.o conf.o json.o text.o host.o help.o
$(B)/conf/schema.o: conf/vm.rng
