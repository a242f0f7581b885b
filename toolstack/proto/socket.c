/* SPDX-License-Identifier: MIT */
/*
 * Where xl and xend meet: making, finding and vouching for the socket.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/proto.h"

const char *proto_socket_path(void)
{
	const char *path = getenv(PROTO_SOCKET_ENV);

	return path && path[0] ? path : PROTO_SOCKET;
}

static int make_address(const char *path, struct sockaddr_un *sa, struct error *err)
{
	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(sa->sun_path))
		return error_set(err, ERR_USAGE, path, "is too long for a socket's path");
	strcpy(sa->sun_path, path);
	return 0;
}

static void explain_connect(int errnum, const char *path, struct error *err)
{
	error_set_errno(err, errnum == EACCES ? ERR_PERMISSION : ERR_DAEMON, errnum, "xend",
			"cannot be reached at %s", path);
	if (errnum == EACCES)
		error_hint(err, "be root, or a member of group xen: adduser $USER xen");
	else
		error_hint(err, "systemctl start xend; 'xl doctor' tells what else is missing");
}

int proto_connect(const char *path, struct proto_conn *conn, struct error *err)
{
	struct sockaddr_un sa;
	int fd, rc;

	rc = make_address(path, &sa, err);
	if (rc)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set_errno(err, ERR_NONE, errno, "xend", "no socket");
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		rc = -errno;
		explain_connect(errno, path, err);
		close(fd);
		return rc;
	}
	proto_conn_init(conn, fd, PROTO_REPLY_MAX);
	return 0;
}

/* A socket file that nobody listens on is left over from a daemon that was killed. */
static int remove_dead(const char *path, const struct sockaddr_un *sa, struct error *err)
{
	struct stat st;
	int fd, rc = 0;

	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, ERR_CONFLICT, path, "exists and is no socket");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set_errno(err, ERR_NONE, errno, path, "no socket");
	if (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0)
		rc = error_set(err, ERR_CONFLICT, path, "another xend is listening there");
	else if (unlink(path) < 0)
		rc = error_set_errno(err, ERR_NONE, errno, path, "cannot be removed");
	close(fd);
	return rc;
}

int proto_listen(const char *path, gid_t gid, struct error *err)
{
	struct sockaddr_un sa;
	mode_t old;
	int fd, rc;

	rc = make_address(path, &sa, err);
	if (!rc)
		rc = remove_dead(path, &sa, err);
	if (rc)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set_errno(err, ERR_NONE, errno, path, "no socket");
	old = umask(0177);	/* nobody else until the group is set */
	rc = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ? -errno : 0;
	umask(old);
	if (!rc && gid != (gid_t)-1 && chown(path, (uid_t)-1, gid) < 0)
		rc = -errno;
	if (!rc && chmod(path, 0660) < 0)
		rc = -errno;
	if (!rc && listen(fd, 64) < 0)
		rc = -errno;
	if (rc) {
		close(fd);
		return error_set_errno(err, ERR_NONE, rc, path, "cannot listen");
	}
	return fd;
}

int proto_peer(int fd, struct proto_peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	*peer = (struct proto_peer){ cred.pid, cred.uid, cred.gid };
	return 0;
}
