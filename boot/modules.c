/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration, and every file that its virtual machines name, as modules. */
#include "boot/loader.h"

#define CONF "mullion.conf"

static_assert(sizeof(((struct handoff_module *)0)->path) == CONFIG_PATH_MAX, "path of a module");

static struct config config;
static unsigned files_missing;

void config_diag(unsigned line, const char *sentence)
{
	if (line)
		print(CONF ":%u: %s\n", line, sentence);
	else
		print(CONF ": %s\n", sentence);
}

static struct handoff_module *find(struct handoff *h, const char *path)
{
	struct handoff_module *mods = phys(h->modules);

	for (uint32_t i = 0; i < h->module_count; i++)
		if (!strcmp(mods[i].path, path))
			return &mods[i];
	return NULL;
}

static struct handoff_module *add(struct handoff *h, const char *path)
{
	struct handoff_module *mod = (struct handoff_module *)phys(h->modules) + h->module_count++;

	memcpy(mod->path, path, strlen(path) + 1);
	volume_read(path, mod);
	return mod;
}

/* Reads the file unless another VM named it before; says so each time it is not there. */
static void load_file(struct handoff *h, const char *vm, const struct config_file *file)
{
	if (!file->line)
		return;
	struct handoff_module *mod = find(h, file->path) ?: add(h, file->path);
	if (mod->base)
		return;
	files_missing++;
	print(CONF ":%u: [vm %s] %s %s.\n", file->line, vm, file->path, mod->why);
}

int modules_load(struct handoff *h)
{
	struct handoff_module *conf;

	h->modules = pages_alloc(MODULES_MAX * sizeof(*conf), PAGES_ANYWHERE);
	if (!h->modules) {
		print("Mullion: there is no memory for the list of files.\n");
		return -ENOMEM;
	}
	conf = add(h, CONFIG_PATH);
	if (!conf->base) {
		print("Mullion: the configuration %s %s.\n", CONFIG_PATH, conf->why);
		return -ENOENT;
	}
	if (config_parse(&config, phys(conf->base), conf->size)) {
		print("Mullion: %s is refused, so nothing is started; mend it and start again.\n",
		      CONFIG_PATH);
		return -EINVAL;
	}
	for (unsigned i = 0; i < config.vm_count; i++) {
		const struct config_vm *vm = &config.vm[i];

		if (vm->refused)
			continue;
		for (unsigned j = 0; j < ARRAY_SIZE(vm->file); j++)
			load_file(h, vm->name, &vm->file[j]);
	}
	if (config.strict && (config.errors || files_missing)) {
		print("Mullion: %s says 'strict = yes', so nothing is started; mend what is "
		      "named above, or write 'strict = no'.\n",
		      CONFIG_PATH);
		return -EINVAL;
	}
	return 0;
}
