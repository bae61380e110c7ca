/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error numbers, with the values of Linux so that host tests may use libc's. */
#pragma once

#if __STDC_HOSTED__
#include <errno.h>
#else
#define ENOENT  2
#define EIO     5
#define E2BIG   7
#define EAGAIN  11
#define ENOMEM  12
#define EFAULT  14
#define EEXIST  17
#define ENODEV  19
#define EINVAL  22
#define ENOSPC  28
#define EROFS   30
#define ENOSYS  38
#define ENOTSUP 95
#endif
