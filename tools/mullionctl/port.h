/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways to a machine's second serial port: unix:, tcp:, tty:, pipe:. */
#ifndef MULLIONCTL_PORT_H
#define MULLIONCTL_PORT_H

#define PORT_DEFAULT "unix:build/monitor.sock"

struct port {
	int in, out;
};

/* -1 after a sentence that says what is wrong and how to mend it. */
int port_open(struct port *port, const char *where);

#endif
