using Podflare.EndToEnd.Services;

[assembly: AssemblyFixture(typeof(EmbeddedService))]
[assembly: AssemblyFixture(typeof(ClusterService))]
