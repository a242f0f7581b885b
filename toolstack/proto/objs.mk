# SPDX-License-Identifier: MIT
# Objects of proto/: used by xl and by xend.
PROTO_OBJS := ops.o check.o msg.o conn.o socket.o
