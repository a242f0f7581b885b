# SPDX-License-Identifier: MIT
# Objects of daemon/: xend.
DAEMON_OBJS := main.o settings.o ports.o xs.o xs_process.o xs_rings.o console.o console_process.o console_lines.o \
	console_log.o registry.o worker.o events.o kernels.o loop.o disk.o script.o hotplug.o create.o \
	policy.o device.o link.o vif.o guard.o nat.o lease.o names.o network.o plug.o life.o start.o watch.o \
	adopt.o autostart.o hoststop.o server.o ops.o ops_start.o ops_define.o ops_life.o ops_look.o \
	ops_tune.o ops_device.o ops_host.o sample.o scrape.o dump.o
XEND_LIBS += -lmnl
