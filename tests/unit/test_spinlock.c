/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lock with real threads: one at a time, also beside a waiter that does not run. */
/* sources: */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "arch/x86/spinlock.h"

#define THREADS 4u
#define ROUNDS  50000u

static struct spinlock lock;
static uint64_t count, other;
static sem_t started, stopped, go_on;

static void *add(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		SPIN_HOLD(&lock);
		uint64_t was = count;
		if (!(i & 255u)) /* others meet the lock while it is held */
			sched_yield();
		count = was + 1;
		other = count;
	}
	return NULL;
}

static void test_one_at_a_time(void **state)
{
	pthread_t t[THREADS];

	(void)state;
	lock = (struct spinlock){0};
	count = 0;
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, add, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_int_equal(count, (uint64_t)THREADS * ROUNDS);
	assert_int_equal(other, count);
	assert_int_equal(lock.taken, 0);
}

static void stop_here(int signal)
{
	(void)signal;
	sem_post(&stopped);
	while (sem_wait(&go_on))
		;
}

static void *take_once(void *arg)
{
	(void)arg;
	sem_post(&started);
	SPIN_HOLD(&lock);
	count++;
	return NULL;
}

/* As a core that is a thread of a host which has taken it off: the others go on. */
static void test_waiter_that_does_not_run(void **state)
{
	pthread_t t;

	(void)state;
	lock = (struct spinlock){0};
	count = 0;
	assert_int_equal(sem_init(&started, 0, 0), 0);
	assert_int_equal(sem_init(&stopped, 0, 0), 0);
	assert_int_equal(sem_init(&go_on, 0, 0), 0);
	signal(SIGUSR1, stop_here);
	alarm(60);
	spin_lock(&lock);
	assert_int_equal(pthread_create(&t, NULL, take_once, NULL), 0);
	while (sem_wait(&started))
		;
	usleep(20000); /* now it waits; were it later, the test would only show less */
	assert_int_equal(pthread_kill(t, SIGUSR1), 0);
	while (sem_wait(&stopped))
		;
	for (unsigned i = 0; i < 1000; i++) {
		spin_unlock(&lock);
		spin_lock(&lock);
	}
	assert_int_equal(count, 0);
	spin_unlock(&lock);
	sem_post(&go_on);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(count, 1);
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_waiter_that_does_not_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
