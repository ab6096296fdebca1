# Sprockets joins, minifies and names the two bundles. Takes the folder of workload S with the two manifests beside it,
# the folder to write to and the folder of its cache. Only Debian's packages, so that nothing is fetched.
require "cssmin"
require "sprockets"
require "terser"

root, output, cache = ARGV
site = Sprockets::Environment.new(root)
site.append_path(root)
site.cache = Sprockets::Cache::FileStore.new(cache)
site.gzip = false
site.version = "1"
site.css_compressor = ->(input) { CSSMin.minify(input[:data]) }
site.js_compressor = ->(input) { Terser.new(compress: false).compile(input[:data]) }
Sprockets::Manifest.new(site, output, File.join(output, "manifest.json")).compile("site.css", "site.js")
