/* SPDX-License-Identifier: MIT */
/* nmi_op: the older way to register an NMI handler, and the reasons an NMI gives in the shared info page. */
#ifndef ABI_NMI_H
#define ABI_NMI_H

#include "abi/types.h"

#define _XEN_NMIREASON_io_error		0
#define XEN_NMIREASON_io_error		(1UL << _XEN_NMIREASON_io_error)
#define _XEN_NMIREASON_pci_serr		1
#define XEN_NMIREASON_pci_serr		(1UL << _XEN_NMIREASON_pci_serr)
#define _XEN_NMIREASON_unknown		2
#define XEN_NMIREASON_unknown		(1UL << _XEN_NMIREASON_unknown)

#define XENNMI_register_callback	0
#define XENNMI_unregister_callback	1

struct xennmi_callback {
	uint64_t handler_address;
	uint64_t pad;
};

#endif
