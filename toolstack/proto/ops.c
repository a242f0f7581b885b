/* SPDX-License-Identifier: MIT */
/*
 * The operations of xend on one page: name, who may, arguments, what comes back.  This table is the
 * daemon's attack surface towards its clients; a handler only ever sees arguments that passed it.
 *
 * In results, GUEST stands for
 *	{"name", "uuid", "domid": n | null, "type": "pv",
 *	 "state": "running"|"blocked"|"paused"|"shutdown"|"crashed"|"dying"|"starting"|"stopping"|"stopped",
 *	 "flags": "rbpscd" with '-' for those not set (xl's column), "reason": text or null,
 *	 "memory_kib", "maxmem_kib", "vcpus", "maxvcpus", "cpu_time_ns", "uptime_s": n | null,
 *	 "addresses": ["10.0.0.5", ...], "autostart": bool, "persistent": bool, "source": path | null}
 * A guest that is not running has domid null; "stopped" with "persistent" is a defined one.
 */
#include <string.h>

#include "proto/proto.h"

#define NAME_MAX_BYTES 64
#define ARGS(...) ((const struct proto_arg[]) { __VA_ARGS__, { 0 } })
#define NO_ARGS ((const struct proto_arg[]) { { 0 } })

#define REQ_GUEST { "guest", PROTO_GUEST, true, 0, 0 }
#define OPT_GUEST { "guest", PROTO_GUEST, false, 0, 0 }
#define DRY_RUN { "dry_run", PROTO_BOOL, false, 0, 0 }
#define REQ_STR(n, limit) { n, PROTO_STR, true, 0, limit }
#define OPT_STR(n, limit) { n, PROTO_STR, false, 0, limit }
#define REQ_INT(n, lo, hi) { n, PROTO_INT, true, lo, hi }
#define OPT_INT(n, lo, hi) { n, PROTO_INT, false, lo, hi }
#define OPT_BOOL(n) { n, PROTO_BOOL, false, 0, 0 }

/* A configuration comes as text with the name of its file and the overrides from the command line. */
#define CONFIG \
	{ "config", PROTO_TEXT, true, 0, 0 }, OPT_STR("source", 4096), \
	{ "overrides", PROTO_STRS, false, 0, 0 }, OPT_BOOL("lenient")

#define SECONDS_MAX (7 * 86400)
#define KIB_MAX (INT64_C(1) << 40)

const struct proto_op proto_ops[] = {
	/* registry and life cycle */
	{ "define", PROTO_ADMIN, PROTO_CHANGES, ARGS(CONFIG, DRY_RUN),
	  "name, uuid, created: bool, notes: [text]" },
	{ "undefine", PROTO_ADMIN, PROTO_CHANGES, ARGS(REQ_GUEST, DRY_RUN), "name" },
	{ "create", PROTO_ADMIN, PROTO_CHANGES | PROTO_LONG,
	  ARGS(CONFIG, OPT_BOOL("paused"), OPT_INT("wait_s", 0, SECONDS_MAX), DRY_RUN),
	  "name, uuid, domid, notes: [text]" },
	{ "start", PROTO_OPERATE, PROTO_CHANGES | PROTO_LONG,
	  ARGS(REQ_GUEST, OPT_BOOL("paused"), OPT_INT("wait_s", 0, SECONDS_MAX), DRY_RUN),
	  "name, uuid, domid, notes: [text]" },
	{ "check", PROTO_READ, 0, ARGS(CONFIG), "name, problems: [{code, what, why, hint}], notes: [text]" },
	{ "config", PROTO_READ, 0, ARGS(REQ_GUEST), "name, config: object, text, source" },
	{ "config-update", PROTO_ADMIN, PROTO_CHANGES, ARGS(REQ_GUEST, CONFIG, DRY_RUN),
	  "name, changed: [key], notes: [text]" },
	{ "enable", PROTO_ADMIN, PROTO_CHANGES,
	  ARGS(REQ_GUEST, OPT_INT("order", 0, 1000), OPT_INT("delay_s", 0, 3600), DRY_RUN), "name" },
	{ "disable", PROTO_ADMIN, PROTO_CHANGES, ARGS(REQ_GUEST, DRY_RUN), "name" },
	{ "rename", PROTO_ADMIN, PROTO_CHANGES, ARGS(REQ_GUEST, REQ_STR("new_name", NAME_MAX_BYTES), DRY_RUN),
	  "name, old_name" },
	{ "pause", PROTO_OPERATE, PROTO_CHANGES, ARGS(REQ_GUEST, DRY_RUN), "name, domid" },
	{ "unpause", PROTO_OPERATE, PROTO_CHANGES, ARGS(REQ_GUEST, DRY_RUN), "name, domid" },
	{ "shutdown", PROTO_OPERATE, PROTO_CHANGES | PROTO_LONG,
	  ARGS(REQ_GUEST, OPT_BOOL("wait"), OPT_INT("timeout_s", 1, SECONDS_MAX),
	       OPT_INT("force_after_s", 0, SECONDS_MAX), DRY_RUN),
	  "name, domid, done: bool (false: asked, not waited for)" },
	{ "shutdown-all", PROTO_OPERATE, PROTO_CHANGES | PROTO_LONG, ARGS(DRY_RUN), "empty, when all have gone" },
	{ "reboot", PROTO_OPERATE, PROTO_CHANGES | PROTO_LONG,
	  ARGS(REQ_GUEST, OPT_BOOL("wait"), OPT_INT("timeout_s", 1, SECONDS_MAX), DRY_RUN),
	  "name, domid (the new one if waited for), done: bool" },
	{ "destroy", PROTO_OPERATE, PROTO_CHANGES | PROTO_LONG, ARGS(REQ_GUEST, DRY_RUN), "name, domid" },
	{ "wait", PROTO_READ, PROTO_LONG,
	  ARGS(REQ_GUEST, REQ_STR("state", 32) /* running stopped paused crashed address */,
	       OPT_INT("timeout_s", 0, SECONDS_MAX)),
	  "name, state" },
	{ "dump-core", PROTO_ADMIN, PROTO_CHANGES | PROTO_LONG,
	  ARGS(REQ_GUEST, OPT_STR("path", 4096), OPT_BOOL("live"), OPT_BOOL("crash"), OPT_BOOL("reset"),
	       DRY_RUN),
	  "name, path, bytes" },

	/* looking */
	{ "list", PROTO_READ, 0, ARGS(OPT_GUEST, OPT_BOOL("all")), "guests: [GUEST], dom0 first" },
	{ "info", PROTO_READ, 0, NO_ARGS,
	  "host, release, version, machine, nr_cpus, max_cpu_id, nr_nodes, cores_per_socket, "
	  "threads_per_core, "
	  "cpu_mhz, hw_caps, virt_caps, total_memory_kib, free_memory_kib, outstanding_kib, "
	  "sharing_freed_kib, "
	  "sharing_used_kib, xen_major, xen_minor, xen_extra, xen_version, xen_caps, xen_scheduler, "
	  "xen_pagesize, "
	  "platform_params, xen_changeset, xen_commandline, cc_compiler, cc_compile_by, cc_compile_domain, "
	  "cc_compile_date, build_id, xend_version" },
	{ "domid", PROTO_READ, 0, ARGS(REQ_GUEST), "name, domid" },
	{ "domname", PROTO_READ, 0, ARGS(REQ_INT("domid", 0, 0x7fef)), "name, domid" },
	{ "uptime", PROTO_READ, 0, ARGS(OPT_GUEST), "guests: [{name, domid, uptime_s}]" },
	{ "dmesg", PROTO_READ, PROTO_STREAMS, ARGS(OPT_BOOL("clear")), "data: text chunks; ok is empty" },
	{ "logs", PROTO_READ, PROTO_STREAMS,
	  ARGS(REQ_GUEST, OPT_INT("lines", 0, 1000000), OPT_BOOL("follow")),
	  "data: text chunks; ok is empty" },
	{ "events", PROTO_READ, PROTO_STREAMS, NO_ARGS,
	  "data: {time, guest, domid, event, detail}; runs until the client closes" },
	{ "sample", PROTO_READ, 0, NO_ARGS,
	  "time_ns, host: {cpus, total_kib, free_kib, cpu_time_ns}, guests: [GUEST + {vcpu_time_ns: [n], "
	  "disks: [{vdev, rd_ops, wr_ops, rd_bytes, wr_bytes}], vifs: [{index, rx_bytes, tx_bytes, "
	  "rx_packets, "
	  "tx_packets, rx_dropped, tx_dropped}]}]" },
	{ "metrics", PROTO_READ, 0, NO_ARGS, "text (Prometheus exposition format)" },
	{ "version", PROTO_READ, 0, NO_ARGS, "xend_version, protocol, pid, uptime_s" },
	{ "doctor", PROTO_READ, 0, NO_ARGS, "checks: [{name, status: ok|warn|fail, why, fix}]" },
	{ "bugreport", PROTO_ADMIN, 0, NO_ARGS, "files: [{name, text}]" },

	/* console: the fd is a stream socket; replayed bytes come first; end of file: the guest is gone */
	{ "console", PROTO_OPERATE, PROTO_PASSES_FD,
	  ARGS(REQ_GUEST, OPT_INT("replay_lines", 0, 100000), OPT_BOOL("read_only"), OPT_STR("kind", 16)),
	  "name, domid, pty; with descriptor" },

	/* memory and CPUs */
	{ "mem-set", PROTO_OPERATE, PROTO_CHANGES | PROTO_LONG,
	  ARGS(REQ_GUEST, REQ_INT("kib", 1, KIB_MAX), OPT_INT("wait_s", 0, 3600), OPT_BOOL("force"), DRY_RUN),
	  "name, target_kib, actual_kib, reached: bool" },
	{ "mem-max", PROTO_OPERATE, PROTO_CHANGES, ARGS(REQ_GUEST, REQ_INT("kib", 1, KIB_MAX), DRY_RUN),
	  "name, maxmem_kib" },
	{ "vcpu-list", PROTO_READ, 0, ARGS(OPT_GUEST),
	  "vcpus: [{name, domid, vcpu, cpu: n | null, state: 'r--', online, cpu_time_ns, hard, soft}]" },
	{ "vcpu-set", PROTO_OPERATE, PROTO_CHANGES, ARGS(REQ_GUEST, REQ_INT("vcpus", 1, 128), DRY_RUN),
	  "name, vcpus" },
	{ "vcpu-pin", PROTO_OPERATE, PROTO_CHANGES,
	  ARGS(REQ_GUEST, REQ_INT("vcpu", -1, 127) /* -1: all */, OPT_STR("hard", 1024),
	       OPT_STR("soft", 1024), DRY_RUN),
	  "name" },
	{ "sched-credit2", PROTO_OPERATE, PROTO_CHANGES,
	  ARGS(OPT_GUEST, OPT_INT("weight", 1, 65535), OPT_INT("cap", 0, 100 * 1024),
	       OPT_INT("ratelimit_us", 0, 500000), DRY_RUN),
	  "guests: [{name, domid, weight, cap}], ratelimit_us" },

	/* devices */
	{ "block-attach", PROTO_ADMIN, PROTO_CHANGES | PROTO_LONG,
	  ARGS(REQ_GUEST, REQ_STR("disk", 8192), DRY_RUN), "name, vdev, devid" },
	{ "block-detach", PROTO_OPERATE, PROTO_CHANGES | PROTO_LONG,
	  ARGS(REQ_GUEST, REQ_STR("vdev", 32), OPT_BOOL("force"), DRY_RUN), "name, vdev, devid" },
	{ "block-list", PROTO_READ, 0, ARGS(REQ_GUEST),
	  "disks: [{vdev, devid, target, format, mode: r|w, state: n, backend_domid, frontend_path, "
	  "backend_path, "
	  "event_channel, ring_ref}]" },
	{ "network-attach", PROTO_ADMIN, PROTO_CHANGES | PROTO_LONG,
	  ARGS(REQ_GUEST, OPT_STR("vif", 8192), DRY_RUN), "name, index, mac" },
	{ "network-detach", PROTO_OPERATE, PROTO_CHANGES | PROTO_LONG,
	  ARGS(REQ_GUEST, REQ_STR("vif", 32) /* index or MAC */, OPT_BOOL("force"), DRY_RUN),
	  "name, index, mac" },
	{ "network-list", PROTO_READ, 0, ARGS(REQ_GUEST),
	  "vifs: [{index, mac, bridge, ip, dev, state: n, backend_domid, frontend_path, backend_path, "
	  "event_channel, "
	  "tx_ring_ref, rx_ring_ref}]" },

	/* signals to a guest and to the hypervisor */
	{ "sysrq", PROTO_OPERATE, PROTO_CHANGES, ARGS(REQ_GUEST, REQ_STR("key", 1), DRY_RUN), "name" },
	{ "trigger", PROTO_OPERATE, PROTO_CHANGES,
	  ARGS(REQ_GUEST, REQ_STR("trigger", 16) /* nmi reset init power sleep s3resume */,
	       OPT_INT("vcpu", 0, 127), DRY_RUN),
	  "name" },
	{ "debug-keys", PROTO_ADMIN, PROTO_CHANGES, ARGS(REQ_STR("keys", 64), DRY_RUN), "empty" },

	/* host network; action: status setup confirm rollback */
	{ "net-setup", PROTO_ADMIN, PROTO_CHANGES | PROTO_LONG,
	  ARGS(REQ_STR("interface", 15), OPT_STR("bridge", 15), OPT_INT("timeout_s", 5, 3600), DRY_RUN), "as net" },
	{ "net-confirm", PROTO_ADMIN, PROTO_CHANGES, ARGS(DRY_RUN), "as net" },
	{ "net-rollback", PROTO_ADMIN, PROTO_CHANGES | PROTO_LONG, ARGS(DRY_RUN), "as net" },
	{ "net", PROTO_READ, 0, NO_ARGS,
	  "bridges: [{name, kind: nat|bridged|foreign, address, interfaces: [name], leases: [{mac, ip, "
	  "guest}]}], "
	  "pending: {bridge, seconds_left} | null" },
};

const size_t proto_n_ops = sizeof(proto_ops) / sizeof(proto_ops[0]);

const struct proto_op *proto_op_find(const char *name)
{
	for (size_t i = 0; i < proto_n_ops; i++)
		if (strcmp(proto_ops[i].name, name) == 0)
			return &proto_ops[i];
	return NULL;
}
