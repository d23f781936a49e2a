import builtins, site
print(sorted(vars(builtins)), exit, quit, help, site.ENABLE_USER_SITE, site.USER_SITE, site.USER_BASE)
