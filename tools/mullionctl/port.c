/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens a Unix socket, a TCP connection, a tty or a command as a serial port. */
#define _GNU_SOURCE
#include "tools/mullionctl/port.h"
#include "tools/mullionctl/say.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static const char *remedy(int error)
{
	switch (error) {
	case ENOENT:
		return "start the machine with `make run`, or name another port with -c";
	case ECONNREFUSED:
		return "nobody listens there: start the machine with `make run`";
	case EACCES:
		return "this user may not: be the one who started the machine, or for a tty join "
		       "the group that `ls -l` names";
	case EAGAIN:
		return "others are in line for it: end another mullionctl";
	default:
		return "look whether the machine runs and -c names its port";
	}
}

static int failed(const char *where, int error)
{
	say("%s: %s; %s.", where, strerror(error), remedy(error));
	return -1;
}

static int open_unix(struct port *port, const char *where, const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(to.sun_path)) {
		say("%s: the path has %zu bytes, a socket's has at most %zu; use a relative one.",
		    where, strlen(path), sizeof(to.sun_path) - 1);
		return -1;
	}
	memcpy(to.sun_path, path, strlen(path) + 1);
	port->in = port->out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (port->in < 0 || connect(port->in, (const struct sockaddr *)&to, sizeof(to)) != 0)
		return failed(where, errno);
	return 0;
}

/* HOST:PORT, or [HOST]:PORT for an IPv6 address. */
static int open_tcp(struct port *port, const char *where, const char *address)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(address, ':');
	struct addrinfo *found;
	char host[256];
	int error;

	if (!colon || colon == address || !colon[1] || (size_t)(colon - address) >= sizeof(host)) {
		say("%s: expected tcp:HOST:PORT, such as tcp:localhost:4555.", where);
		return -1;
	}
	if (*address == '[' && colon[-1] == ']')
		snprintf(host, sizeof(host), "%.*s", (int)(colon - address - 2), address + 1);
	else
		snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
	error = getaddrinfo(host, colon + 1, &hints, &found);
	if (error) {
		say("%s: %s; look at the name and the port.", where, gai_strerror(error));
		return -1;
	}
	error = EADDRNOTAVAIL;
	port->in = -1;
	for (const struct addrinfo *a = found; a; a = a->ai_next) {
		port->in = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (port->in >= 0 && connect(port->in, a->ai_addr, a->ai_addrlen) == 0)
			break;
		error = errno;
		if (port->in >= 0)
			close(port->in);
		port->in = -1;
	}
	freeaddrinfo(found);
	port->out = port->in;
	return port->in < 0 ? failed(where, error) : 0;
}

/* 115200 8N1, raw; what came before is of no interest. */
static int open_tty(struct port *port, const char *where, const char *path)
{
	struct termios t;

	port->in = port->out = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (port->in < 0)
		return failed(where, errno);
	if (tcgetattr(port->in, &t) != 0) {
		say("%s: %s; expected a serial port such as tty:/dev/ttyUSB0.", where,
		    strerror(errno));
		return -1;
	}
	cfmakeraw(&t);
	cfsetspeed(&t, B115200);
	t.c_cflag &= ~(tcflag_t)(CSTOPB | PARENB | CRTSCTS | HUPCL);
	t.c_cflag |= CLOCAL | CREAD;
	if (tcsetattr(port->in, TCSANOW, &t) != 0)
		return failed(where, errno);
	tcflush(port->in, TCIOFLUSH);
	/* Opened without waiting for a carrier; reading and writing wait again. */
	if (fcntl(port->in, F_SETFL, 0) != 0)
		return failed(where, errno);
	return 0;
}

static int open_pipe(struct port *port, const char *where, const char *command)
{
	int to[2], from[2];
	pid_t child;

	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
		return failed(where, errno);
	child = fork();
	if (child < 0)
		return failed(where, errno);
	if (child == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		/* Ctrl-C is for this program, which then ends the command by closing its input. */
		signal(SIGINT, SIG_IGN);
		signal(SIGPIPE, SIG_DFL);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	port->in = from[0];
	port->out = to[1];
	return 0;
}

int port_open(struct port *port, const char *where)
{
	static const struct {
		const char *prefix;
		int (*open)(struct port *, const char *where, const char *rest);
	} forms[] = {
		{"unix:", open_unix}, {"tcp:", open_tcp}, {"tty:", open_tty}, {"pipe:", open_pipe}};

	for (unsigned i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		size_t n = strlen(forms[i].prefix);

		if (strncmp(where, forms[i].prefix, n) == 0 && where[n])
			return forms[i].open(port, where, where + n);
	}
	say("%s is no port: expected unix:PATH, tty:DEVICE, tcp:HOST:PORT or pipe:COMMAND.", where);
	return -1;
}
