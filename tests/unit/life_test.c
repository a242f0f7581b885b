/* SPDX-License-Identifier: MIT */
/* Creation and end of domains on the whole machine: everything that was taken is given back. */
#include "machine.h"
#include "oracle/oracle.h"
#include "unit.h"

TEST(a_guest_comes_and_goes)
{
	struct machine_guest *g = machine_guest(1, false, 2);

	REQUIRE(g);
	CHECK(oracle_check());
	machine_run(g->d->vcpu[0]);
	CHECK(oracle_check());
	machine_guest_end(g);
	CHECK(oracle_check());
	CHECK(machine_is_clean());
}

int main(void)
{
	machine_start();
	RUN(a_guest_comes_and_goes);
	return unit_end();
}
