/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing event channels, and what can be asked or changed about an open one. Each function
 * checks and takes a free port first, which may fail and changes nothing that a guest sees; then it fills the
 * port and opens it.
 *
 * Locks: the caller's event lock; for the two ends of an interdomain channel both domains', in order of
 * domid.
 */
#include "event/internal.h"
#include "event/pirq.h"

#define VIRQ_COUNT	ARRAY_SIZE(((struct vcpu *)0)->virq_ports)

bool event_virq_is_global(u32 virq)
{
	switch (virq) {
	case VIRQ_TIMER:
	case VIRQ_DEBUG:
	case VIRQ_XENOPROF:
	case VIRQ_XENPMU:
		return false;
	default:
		return true;
	}
}

void event_lock_two(struct domain *a, struct domain *b)
{
	struct domain *first = a->id <= b->id ? a : b, *second = first == a ? b : a;

	spin_lock(&first->event->lock);
	if (second != first)
		spin_lock_nested(&second->event->lock);
}

void event_unlock_two(struct domain *a, struct domain *b)
{
	if (a != b)
		spin_unlock(&b->event->lock);
	spin_unlock(&a->event->lock);
}

int event_get_target(domid_t id, struct domain **d)
{
	struct domain *other;

	*d = domain_get_for_caller(id);
	if (*d && (*d)->event)
		return 0;
	if (*d) {
		domain_put(*d);
		return -ESRCH;
	}
	other = domain_get(id);
	if (!other)
		return -ESRCH;
	domain_put(other);
	return -EPERM;
}

/* What alloc_unbound and restore share: an end that `remote` may bind to. */
static int unbound_open(struct domain *d, domid_t remote, u32 *port)
{
	struct event_port *p;
	int rc;

	spin_lock(&d->event->lock);
	rc = event_port_take(d, port, &p);
	if (!rc) {
		p->remote_domid = remote == DOMID_SELF ? current->domain->id : remote;
		event_port_open(d, *port, p, EVTCHNSTAT_unbound);
	}
	spin_unlock(&d->event->lock);
	return rc;
}

int event_alloc_unbound(struct domain *caller, struct evtchn_alloc_unbound *op)
{
	struct domain *d;
	int rc = event_get_target(op->dom, &d);

	if (rc)
		return rc;
	rc = unbound_open(d, op->remote_dom, &op->port);
	domain_put(d);
	return rc;
}

static int interdomain_connect(struct domain *d, struct domain *remote, u32 remote_port, u32 *port)
{
	struct event_port *p, *rp = event_port_of(remote->event, remote_port);
	int rc;

	if (!rp || rp->type != EVTCHNSTAT_unbound || rp->remote_domid != d->id)
		return -EINVAL;
	rc = event_port_take(d, port, &p);
	if (rc)
		return rc;

	p->remote = remote;
	p->remote_domid = remote->id;
	p->remote_port = remote_port;
	p->peer = rp;
	rp->remote = d;
	rp->remote_port = *port;
	rp->peer = p;
	event_port_open(d, *port, p, EVTCHNSTAT_interdomain);
	store_release(&rp->type, EVTCHNSTAT_interdomain);

	/* News sent while the other end was unbound was lost: assume there was some. */
	event_set_pending(d, *port, p);
	return 0;
}

int event_bind_interdomain(struct domain *d, struct evtchn_bind_interdomain *op)
{
	domid_t id = op->remote_dom == DOMID_SELF ? d->id : op->remote_dom;
	struct domain *remote = domain_get(id);
	int rc;

	if (!remote)
		return -ESRCH;
	if (!remote->event) {
		domain_put(remote);
		return -ESRCH;
	}
	event_lock_two(d, remote);
	rc = interdomain_connect(d, remote, op->remote_port, &op->local_port);
	event_unlock_two(d, remote);
	domain_put(remote);
	return rc;
}

int event_bind_virq(struct domain *d, struct evtchn_bind_virq *op)
{
	struct event_port *p;
	struct vcpu *v;
	int rc;

	if (op->virq >= VIRQ_COUNT || (event_virq_is_global(op->virq) && op->vcpu != 0))
		return -EINVAL;
	v = domain_vcpu(d, op->vcpu);
	if (!v)
		return -ENOENT;

	spin_lock(&d->event->lock);
	if (v->virq_ports[op->virq]) {
		rc = -EEXIST;
		goto out;
	}
	rc = event_port_take(d, &op->port, &p);
	if (rc)
		goto out;
	p->vcpu = (u16)op->vcpu;
	p->virq = op->virq;
	event_port_open(d, op->port, p, EVTCHNSTAT_virq);
	store_release(&v->virq_ports[op->virq], op->port);
out:
	spin_unlock(&d->event->lock);
	return rc;
}

int event_bind_ipi(struct domain *d, struct evtchn_bind_ipi *op)
{
	struct event_port *p;
	int rc;

	if (!domain_vcpu(d, op->vcpu))
		return -ENOENT;
	spin_lock(&d->event->lock);
	rc = event_port_take(d, &op->port, &p);
	if (!rc) {
		p->vcpu = (u16)op->vcpu;
		event_port_open(d, op->port, p, EVTCHNSTAT_ipi);
	}
	spin_unlock(&d->event->lock);
	return rc;
}

int event_bind_pirq(struct domain *d, struct evtchn_bind_pirq *op)
{
	struct event_port *p;
	int rc;

	if (op->flags & ~(u32)BIND_PIRQ__WILL_SHARE)
		return -EINVAL;
	spin_lock(&d->event->lock);
	rc = event_port_take(d, &op->port, &p);
	if (rc)
		goto out;
	/* Open before bound: the first interrupt may come while bind_guest still runs. */
	p->pirq = op->pirq;
	event_port_open(d, op->port, p, EVTCHNSTAT_pirq);
	rc = pirq_bind_guest(d, op->pirq, op->port, op->flags & BIND_PIRQ__WILL_SHARE);
	if (rc) {
		store_release(&p->type, EVENT_FREE);
		event_synchronize();
		event_port_free(d, op->port, p);
	}
out:
	spin_unlock(&d->event->lock);
	return rc;
}

static int close_interdomain(struct domain *d, u32 port, struct event_port *p)
{
	domid_t id = READ_ONCE(p->remote_domid);
	struct domain *remote = domain_get(id);
	int rc = -EAGAIN;

	if (!remote)
		return -EAGAIN;		/* it was torn down just now, and our end with it */
	if (!remote->event)
		goto out;
	event_lock_two(d, remote);
	if (p->type == EVTCHNSTAT_interdomain && p->remote == remote) {
		struct event_port *rp = p->peer;

		rp->remote_domid = d->id;
		store_release(&rp->type, EVTCHNSTAT_unbound);
		store_release(&p->type, EVENT_FREE);
		event_synchronize();
		event_port_free(d, port, p);
		rc = 0;
	}
	event_unlock_two(d, remote);
out:
	domain_put(remote);
	return rc;
}

/* All but interdomain; -EAGAIN if it is that. Holds the event lock. */
static int close_local(struct domain *d, u32 port, struct event_port *p)
{
	u8 type = p->type;
	u32 i, number = p->virq;
	struct vcpu *v;

	if (type == EVENT_FREE)
		return -EINVAL;
	if (type == EVTCHNSTAT_interdomain)
		return -EAGAIN;
	if (type == EVTCHNSTAT_pirq)
		pirq_unbind_guest(d, number, port);
	if (type == EVTCHNSTAT_virq)
		for_each_vcpu(d, v, i)
			if (v->virq_ports[number] == port)
				WRITE_ONCE(v->virq_ports[number], 0);
	store_release(&p->type, EVENT_FREE);
	event_synchronize();
	event_port_free(d, port, p);
	return 0;
}

int event_port_close(struct domain *d, u32 port)
{
	struct event_port *p = event_port_of(d->event, port);
	int rc;

	if (!p)
		return -EINVAL;
	do {
		if (READ_ONCE(p->type) == EVTCHNSTAT_interdomain) {
			rc = close_interdomain(d, port, p);
		} else {
			spin_lock(&d->event->lock);
			rc = close_local(d, port, p);
			spin_unlock(&d->event->lock);
		}
	} while (rc == -EAGAIN);	/* the other end changed the port's type meanwhile: look again */
	return rc;
}

int event_close(struct domain *d, u32 port)
{
	return event_port_close(d, port);
}

int event_status(struct evtchn_status *op)
{
	struct event_port *p;
	struct domain *d;
	int rc = event_get_target(op->dom, &d);

	if (rc)
		return rc;
	spin_lock(&d->event->lock);
	p = event_port_of(d->event, op->port);
	if (!p) {
		/* port 0 exists, and is always closed: tools begin there and stop at the first error */
		op->status = EVTCHNSTAT_closed;
		op->vcpu = 0;
		rc = op->port ? -EINVAL : 0;
		goto out;
	}
	op->status = p->type;
	op->vcpu = p->vcpu;
	switch (p->type) {
	case EVTCHNSTAT_unbound:
		op->u.unbound.dom = p->remote_domid;
		break;
	case EVTCHNSTAT_interdomain:
		op->u.interdomain.dom = p->remote_domid;
		op->u.interdomain.port = p->remote_port;
		break;
	case EVTCHNSTAT_pirq:
		op->u.pirq = p->pirq;
		break;
	case EVTCHNSTAT_virq:
		op->u.virq = p->virq;
		break;
	}
out:
	spin_unlock(&d->event->lock);
	domain_put(d);
	return rc;
}

int event_bind_vcpu(struct domain *d, u32 port, u32 vcpu)
{
	struct event_port *p;
	struct vcpu *v = domain_vcpu(d, vcpu);
	int rc = 0;

	if (!v)
		return -ENOENT;
	spin_lock(&d->event->lock);
	p = event_port_of(d->event, port);
	switch (p ? p->type : EVENT_FREE) {
	case EVTCHNSTAT_virq:
		if (!event_virq_is_global(p->virq)) {
			rc = -EINVAL;
			break;
		}
		fallthrough;
	case EVTCHNSTAT_unbound:
	case EVTCHNSTAT_interdomain:
		WRITE_ONCE(p->vcpu, (u16)vcpu);
		break;
	case EVTCHNSTAT_pirq:
		WRITE_ONCE(p->vcpu, (u16)vcpu);
		pirq_set_vcpu(d, p->pirq, port, v);
		break;
	default:
		rc = -EINVAL;
	}
	spin_unlock(&d->event->lock);
	return rc;
}

int event_set_priority(const struct evtchn_set_priority *op)
{
	struct domain *d = current->domain;
	struct event_port *p;
	int rc = 0;

	if (op->priority > EVTCHN_FIFO_PRIORITY_MIN)
		return -EINVAL;
	spin_lock(&d->event->lock);
	p = event_port_of(d->event, op->port);
	if (!p)
		rc = -EINVAL;
	else if (!d->event->fifo)
		rc = -ENOSYS;
	else
		WRITE_ONCE(p->priority, (u8)op->priority);
	spin_unlock(&d->event->lock);
	return rc;
}
