/* SPDX-License-Identifier: MIT */
/*
 * domctl: control of other domains, for the privileged. The table says for each operation who serves it; calls are
 * serialised by one lock, which a caller that cannot have it at once waits for by repeating the hypercall.
 */
#include "hypercall/domctl.h"

#include "core/percpu.h"
#include "domain/guest_copy.h"
#include "hypercall/hypercall.h"
#include "lib/errno.h"
#include "lib/string.h"

static DEFINE_SPINLOCK(domctl_lock, RANK_DOMCTL);

bool domctl_lock_try(void)
{
	return spin_trylock(&domctl_lock);
}

void domctl_unlock(void)
{
	spin_unlock(&domctl_lock);
}

static const domctl_fn ops[] = {
	[XEN_DOMCTL_destroydomain] = domctl_destroydomain,
	[XEN_DOMCTL_pausedomain] = domctl_pausedomain,
	[XEN_DOMCTL_unpausedomain] = domctl_unpausedomain,
	[XEN_DOMCTL_resumedomain] = domctl_resumedomain,
	[XEN_DOMCTL_getdomaininfo] = domctl_getdomaininfo,
	[XEN_DOMCTL_setvcpuaffinity] = domctl_vcpuaffinity,
	[XEN_DOMCTL_getvcpuaffinity] = domctl_vcpuaffinity,
	[XEN_DOMCTL_shadow_op] = domctl_shadow_op,
	[XEN_DOMCTL_max_mem] = domctl_max_mem,
	[XEN_DOMCTL_setvcpucontext] = domctl_setvcpucontext,
	[XEN_DOMCTL_getvcpucontext] = domctl_getvcpucontext,
	[XEN_DOMCTL_getvcpuinfo] = domctl_getvcpuinfo,
	[XEN_DOMCTL_max_vcpus] = domctl_max_vcpus,
	[XEN_DOMCTL_scheduler_op] = domctl_scheduler_op,
	[XEN_DOMCTL_setdomainhandle] = domctl_setdomainhandle,
	[XEN_DOMCTL_irq_permission] = domctl_irq_permission,
	[XEN_DOMCTL_iomem_permission] = domctl_iomem_permission,
	[XEN_DOMCTL_ioport_permission] = domctl_ioport_permission,
	[XEN_DOMCTL_hypercall_init] = domctl_hypercall_init,
	[XEN_DOMCTL_settimeoffset] = domctl_settimeoffset,
	[XEN_DOMCTL_sendtrigger] = domctl_sendtrigger,
	[XEN_DOMCTL_set_address_size] = domctl_address_size,
	[XEN_DOMCTL_get_address_size] = domctl_address_size,
	[XEN_DOMCTL_set_ext_vcpucontext] = domctl_ext_vcpucontext,
	[XEN_DOMCTL_get_ext_vcpucontext] = domctl_ext_vcpucontext,
	[XEN_DOMCTL_gettscinfo] = domctl_tscinfo,
	[XEN_DOMCTL_settscinfo] = domctl_tscinfo,
	[XEN_DOMCTL_getpageframeinfo3] = domctl_getpageframeinfo3,
	[XEN_DOMCTL_setvcpuextstate] = domctl_vcpuextstate,
	[XEN_DOMCTL_getvcpuextstate] = domctl_vcpuextstate,
	[XEN_DOMCTL_setnodeaffinity] = domctl_nodeaffinity,
	[XEN_DOMCTL_getnodeaffinity] = domctl_nodeaffinity,
	[XEN_DOMCTL_get_vcpu_msrs] = domctl_vcpu_msrs,
	[XEN_DOMCTL_set_vcpu_msrs] = domctl_vcpu_msrs,
	[XEN_DOMCTL_set_virq_handler] = domctl_set_virq_handler,
	[XEN_DOMCTL_get_cpu_policy] = domctl_get_cpu_policy,
	[XEN_DOMCTL_set_cpu_policy] = domctl_set_cpu_policy,
};

int bitmap_to_guest(const struct xenctl_bitmap *to, const unsigned long *bits, u32 nr_bits)
{
	u32 bytes = DIV_ROUND_UP(to->nr_bits, 8), have = MIN(bytes, DIV_ROUND_UP(nr_bits, 8));

	if (guest_copy_to(to->bitmap, bits, have))
		return -EFAULT;
	return bytes > have && guest_clear(to->bitmap + have, MIN(bytes - have, 8192u)) ? -EFAULT : 0;
}

int bitmap_from_guest(unsigned long *bits, u32 nr_bits, const struct xenctl_bitmap *from)
{
	u32 n = MIN(nr_bits, from->nr_bits);

	memset(bits, 0, DIV_ROUND_UP(nr_bits, 64) * sizeof(*bits));
	if (guest_copy_from(bits, from->bitmap, DIV_ROUND_UP(n, 8)))
		return -EFAULT;
	if (n & 63)
		bits[n / 64] &= (1ul << (n & 63)) - 1;
	return 0;
}

static bool take_first(struct domain *d, void *arg)
{
	atomic_inc(&d->refs);
	*(struct domain **)arg = d;
	return false;
}

/*
 * The domain that an operation is about. A question for information is answered about the next one there is: that is
 * how tools walk the list, and the answer names it.
 */
static struct domain *find_domain(const struct xen_domctl *op)
{
	struct domain *d = domain_get_for_caller(op->domain);

	if (!d && op->cmd == XEN_DOMCTL_getdomaininfo)
		domain_each(op->domain, take_first, &d);
	return d;
}

static long run(struct xen_domctl *op)
{
	struct domain *d;
	int rc;

	if (op->cmd == XEN_DOMCTL_createdomain)
		return domctl_createdomain(op);
	if (op->cmd >= ARRAY_SIZE(ops) || !ops[op->cmd])
		return -ENOSYS;
	d = find_domain(op);
	if (!d)
		return -ESRCH;
	rc = ops[op->cmd](d, op);
	domain_put(d);
	return rc;
}

long do_domctl(u64 arg)
{
	struct xen_domctl op;
	long rc;

	if (guest_get(&op, arg))
		return -EFAULT;
	if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		return -EACCES;
	if (!domctl_lock_try())
		return hypercall_restart(__HYPERVISOR_domctl, 1, arg);
	rc = run(&op);
	domctl_unlock();
	if (rc == -ERESTART)
		return hypercall_restart(__HYPERVISOR_domctl, 1, arg);
	if (rc == DOMCTL_COPY_BACK)
		return guest_put(arg, &op);
	if (rc == DOMCTL_COPY_BACK_EINVAL)
		return guest_put(arg, &op) ? -EFAULT : -EINVAL;
	return rc;
}
