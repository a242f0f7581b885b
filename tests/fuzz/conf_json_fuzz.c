/* SPDX-License-Identifier: MIT */
/* Fuzzes configurations given as JSON: what a record on disk could hold. */
#include <stdint.h>
#include <stdlib.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = json_loadb((const char *)data, size, JSON_ALLOW_NUL, NULL);
	struct conf_diags diags = { 0 };
	struct guest_config *cfg = NULL;
	int rc;

	if (!json_is_object(json)) {
		json_decref(json);
		return 0;
	}
	rc = conf_from_json(json, NULL, &cfg, &diags);
	if ((rc == 0) != (cfg != NULL) || (rc == 0) != (diags.n_fatal == 0))
		abort();
	guest_config_free(cfg);
	conf_diags_free(&diags);
	json_decref(json);
	return 0;
}
