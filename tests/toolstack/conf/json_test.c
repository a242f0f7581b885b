/* SPDX-License-Identifier: MIT */
/* Round trips: JSON, xl.cfg text and copies hold the same guest; and every key of the table is in all of
 * them. */
#include "helpers.h"

#include "conf/keys.h"

static const char rich[] =
	"name='web'\nuuid='c7a5fdbd-cdaf-9455-926a-d65c16db1809'\ntitle='a \"quoted\" \\\\ "
	"title'\nmemory='524292K'\n"
	"maxmem='2G'\nvcpus=2\nmaxvcpus=4\ncpus=['0-3','^2']\ncpus_soft='nodes:0'\ncpu_weight=512\ncap=150\n"
	"kernel='/k'\nramdisk='/r'\nroot='/dev/xvda1'\nextra='quiet'\non_crash='coredump-restart'\n"
	"disk=['/a,raw,xvda,rw','vdev=xvdb,access=w!,no-discard,direct-io-safe,target=/b,c',',,xvdc,cdrom']\n"
	"vif=['','mac=00:16:3e:00:00:01,bridge=br0,rate=1MB/s,ip=10.0.0.5','trusted=0,mtu=9000']\n"
	"ioports=['2f8-2ff']\niomem=['fe900,1@a0']\nirqs=[7]\nmax_grant_frames=128\nautostart=1\nautostart_"
	"order=5\n"
	"tsc_mode='native'\nnomigrate=1\n";

static bool same(const struct guest_config *a, const struct guest_config *b)
{
	char *ta = conf_to_text(a), *tb = conf_to_text(b);
	bool equal = ta && tb && strcmp(ta, tb) == 0;

	if (!equal)
		printf("--- one\n%s--- other\n%s", ta ? ta : "(null)\n", tb ? tb : "(null)\n");
	free(ta);
	free(tb);
	return equal;
}

TEST(json_round_trip)
{
	struct parsed p = parse(rich);
	struct guest_config *back = NULL;
	struct conf_diags diags = { 0 };
	json_t *json;

	CHECK_STR(p.first, "");
	REQUIRE(p.rc == 0);
	json = conf_to_json(p.cfg);
	CHECK(json_is_integer(json_object_get(json, "vcpus")));
	CHECK(json_is_string(json_object_get(json, "memory")));	/* not whole MiB */
	CHECK_EQ(json_integer_value(json_object_get(json, "maxmem")), 2048);
	CHECK(json_is_array(json_object_get(json, "disk")));
	CHECK(json_object_get(json, "on_poweroff") == NULL);	/* has its default */
	CHECK_EQ(conf_from_json(json, NULL, &back, &diags), 0);
	conf_diags_print(stdout, &diags);
	REQUIRE(back != NULL);
	CHECK(same(p.cfg, back));
	CHECK_EQ(back->disks[1].discard, 0);
	CHECK_EQ(back->disks[1].shared, 1);
	json_decref(json);
	guest_config_free(back);
	conf_diags_free(&diags);
	parsed_free(&p);
}

TEST(text_round_trip)
{
	struct parsed p = parse(rich), q;
	char *text = conf_to_text(p.cfg);

	q = parse(text);
	CHECK_STR(q.first, "");
	REQUIRE(q.rc == 0);
	CHECK(same(p.cfg, q.cfg));
	free(text);
	parsed_free(&p);
	parsed_free(&q);
}

TEST(copies_own_their_memory)
{
	struct parsed p = parse(rich);
	struct guest_config *copy = guest_config_copy(p.cfg);
	char *text = conf_to_text(p.cfg);
	struct parsed q;

	parsed_free(&p);
	q = parse(text);
	CHECK(same(copy, q.cfg));
	guest_config_free(copy);
	parsed_free(&q);
	free(text);
}

TEST(json_nonsense_is_refused)
{
	static const char *const bad[] = {
		"{\"name\": {}}",
		"{\"name\": null}",
		"{\"name\": 1.5}",
		"{\"disk\": [[]]}",
		"{\"disk\": [{\"vdev\": []}]}",
		"{\"vif\": [{\"bridge\": \"a,script=/x\"}]}",
		"{\"frob\": 1}",
		"{\"name\": [\"a\"]}",
		"{}",
		"{\"name\": \"a\\u0000b\", \"memory\": 512}",
		"{\"vcpus\": 99999999999}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *json = json_loads(bad[i], JSON_ALLOW_NUL, NULL);
		struct guest_config *cfg;
		struct conf_diags diags = { 0 };

		REQUIRE(json != NULL);
		CHECK(conf_from_json(json, NULL, &cfg, &diags) != 0 && cfg == NULL && diags.n_fatal > 0);
		conf_diags_free(&diags);
		json_decref(json);
	}
}

/* The table itself: complete rows, no key twice, none both served and refused, examples that parse. */
TEST(the_table_is_sound)
{
	conf_for_each_key(sec, key) {
		CHECK(key->help && key->example);
		CHECK(conf_key_find(key->name) == key);
		CHECK(conf_refused_find(key->name) == NULL);
	}
	for (size_t i = 0; i < conf_n_refused; i++)
		CHECK(conf_refused_find(conf_refused[i].name) == &conf_refused[i]);
}

TEST(every_example_parses)
{
	conf_for_each_key(sec, key) {
		char text[600];
		struct parsed p;

		/* Some keys stand for another or exclude one another. */
		if (strcmp(key->name, "name") == 0 || strcmp(key->name, "memory") == 0 ||
		    strcmp(key->name, "kernel") == 0)
			continue;
		snprintf(text, sizeof(text),
			 "name='x'\nmemory=512\n%sdisk %s= [ '/z,raw,xvdz,rw' ]\n%s %s= %s\n",
			 strcmp(key->name, "firmware") && strcmp(key->name, "bootloader")
				 ? "kernel='/k'\nmaxvcpus=4\n"
				 : "",
			 "", key->name, strcmp(key->name, "maxvcpus") && strcmp(key->name, "disk") ? "" : "+",
			 key->example);
		if (strcmp(key->name, "maxvcpus") == 0)
			continue;
		p = parse(text);
		if (strstr(key->name, "seclabel") || (key->flags & KEY_LATER && strcmp(key->example, "0"))) {
			CHECK(p.rc != 0);
		} else if (p.rc) {
			printf("    %s: %s\n", key->name, p.first);
			CHECK(p.rc == 0);
		}
		parsed_free(&p);
	}
}

int main(void)
{
	RUN(json_round_trip);
	RUN(text_round_trip);
	RUN(copies_own_their_memory);
	RUN(json_nonsense_is_refused);
	RUN(the_table_is_sound);
	RUN(every_example_parses);
	return unit_end();
}
