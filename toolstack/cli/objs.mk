# SPDX-License-Identifier: MIT
# Objects of cli/: the program xl.
CLI_OBJS := main.o args.o call.o print.o config.o cmd_simple.o cmd_create.o cmd_stop.o \
	cmd_registry.o cmd_check.o cmd_list.o cmd_top.o top_model.o top_screen.o cmd_console.o \
	cmd_look.o cmd_resources.o cmd_vcpu.o cmd_devices.o cmd_signal.o cmd_host.o cmd_net.o cmd_new.o \
	cmd_doctor.o doctor_checks.o cmd_bugreport.o cmd_help.o mdoc.o cmd_completion.o
XL_LIBS += -lncursesw -ltinfo

# bash completion, from the same tables; the package installs it.
$(B)/xl.bash-completion: $(B)/xl
	$(Q)$(B)/xl completion bash > $@

# The schema for editors and virt-xml-validate.
$(B)/vm.rng: conf/vm.rng
	$(Q)cp $< $@

PROGRAMS += $(B)/xl.bash-completion $(B)/vm.rng
