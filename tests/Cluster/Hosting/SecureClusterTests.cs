using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podflare.GrainClient;
using Podflare.Services;

namespace Podflare.Hosting;

/// <summary>
/// A worker, a frontend and a Redis as docker-compose.yml runs them: TLS between all of them, and a Redis user that may do no more than it must. The files are those
/// of <c>eng/cluster-certificates.sh</c>.
/// </summary>
public sealed class SecureClusterTests(SecureClusterTests.SecureCluster cluster) : IClassFixture<SecureClusterTests.SecureCluster>
{
    [Fact]
    public async Task Code_runs_and_Redis_has_refused_nothing_that_matters()
    {
        using var client = new HttpClient { BaseAddress = cluster.Frontend.Address };
        using var created = await client.PostAsJsonAsync("/v1/sandboxes", new { }, TestContext.Current.CancellationToken);
        var sandbox = (await created.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken))!["id"]!.GetValue<string>();

        using var ran = await client.PostAsJsonAsync($"/v1/sandboxes/{sandbox}/exec", new { code = "print(6 * 7)" }, TestContext.Current.CancellationToken);
        Assert.Contains("\"data\":\"42\\n\"", await ran.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var replayed = await client.GetAsync($"/v1/sandboxes/{sandbox}/replay", TestContext.Current.CancellationToken);
        Assert.Contains("\"data\":\"42\\n\"", await replayed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var deleted = await client.DeleteAsync($"/v1/sandboxes/{sandbox}", TestContext.Current.CancellationToken);
        Assert.True(deleted.IsSuccessStatusCode);

        // The client library asks for the server's configuration and topology when it connects, and can do without.
        Assert.All(Objects(await cluster.RedisAsync("ACL", "LOG")), command => Assert.Contains(command, SecureCluster.Handshake));
    }

    [Fact]
    public async Task A_frontend_without_a_certificate_or_with_one_of_another_authority_reaches_no_worker()
    {
        foreach (var settings in new[] { new Dictionary<string, string>(), cluster.CertificateOf("stranger", "other") })
        {
            await using var stranger = cluster.StartFrontend(settings);
            var limit = TimeSpan.FromSeconds(15);
            var began = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(began) < limit && stranger.ExitCode is null)
            {
                Assert.False(await stranger.IsReadyAsync(), "a stranger is part of the cluster");
                await Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }
    }

    [Fact]
    public async Task A_grain_client_needs_a_certificate_too()
    {
        using (var known = cluster.CreateGrainClient(cluster.CertificateOf("frontend2", "certificates")))
        {
            await known.StartAsync(TestContext.Current.CancellationToken);
            var sandboxes = known.Services.GetRequiredService<ISandboxes>();
            var sandbox = await sandboxes.CreateAsync(cancellationToken: TestContext.Current.CancellationToken);
            await sandboxes.DeleteAsync(sandbox.Id, TestContext.Current.CancellationToken);
            await known.StopAsync(TestContext.Current.CancellationToken);
        }

        using var stranger = cluster.CreateGrainClient([]);
        await Assert.ThrowsAsync<ClusterUnreachableException>(() => stranger.StartAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_process_that_others_can_reach_does_not_start_without_a_certificate()
    {
        await using var process = cluster.StartFrontend(new() { ["Podflare__AdvertisedAddress"] = "192.0.2.1" });

        await process.WaitForExitAsync();

        Assert.Equal(1, process.ExitCode);
        Assert.Contains("Podflare:Cluster", process.Log, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Objects(string log)
    {
        var lines = log.Split('\n');
        for (var i = 0; i + 1 < lines.Length; i++)
        {
            if (lines[i] == "object") yield return lines[i + 1];
        }
    }

    /// <summary>The cluster and its files.</summary>
    public sealed class SecureCluster : IAsyncLifetime
    {
        /// <summary>Commands of the client library's handshake.</summary>
        internal static readonly string[] Handshake = ["config|get", "cluster|nodes", "__Booksleeve_TieBreak"];

        private readonly string _folder = Directory.CreateTempSubdirectory("pf-secure-").FullName;
        private readonly int _redisPort = Ports.Free();
        private Process? _redis;
        private ServiceProcess _worker = null!;

        internal ServiceProcess Frontend { get; private set; } = null!;

        private string ClusterId { get; } = $"{TestFolder.Cluster}-u";

        public async ValueTask InitializeAsync()
        {
            await RunAsync(Path.Combine(TestFolder.Repository, "eng", "cluster-certificates.sh"), [Path.Combine(_folder, "certificates")], new() { ["PODFLARE_CLUSTER_ID"] = ClusterId });
            await RunAsync(Path.Combine(TestFolder.Repository, "eng", "cluster-certificates.sh"), [Path.Combine(_folder, "other"), "stranger"], []);
            StartRedis();
            _worker = new ServiceProcess("Silo", With(CertificateOf("worker1", "certificates"), ("Podflare__Role", "Worker"), ("Podflare__RunFolder", Path.Combine(TestFolder.Path, "u")), ("PODFLARE_HEALTH_ADDR", $"127.0.0.1:{Ports.Free()}")));
            Frontend = StartFrontend(CertificateOf("frontend1", "certificates"));
            await _worker.ReadyAsync();
            await Frontend.ReadyAsync();
        }

        internal ServiceProcess StartFrontend(Dictionary<string, string> settings) =>
            new("Frontend", With(settings, ("Podflare__Role", "Frontend"), ("PODFLARE_HOSTD_ADDR", $"127.0.0.1:{Ports.Free()}")));

        internal IHost CreateGrainClient(Dictionary<string, string> certificate)
        {
            var builder = Host.CreateApplicationBuilder();
            builder.Logging.ClearProviders();
            builder.Configuration.AddInMemoryCollection(With(certificate).Select(pair => KeyValuePair.Create(pair.Key.Replace("__", ":", StringComparison.Ordinal), (string?)pair.Value)));
            builder.AddPodflareGrainClient(Connection(), "default", options => options.ClusterId = ClusterId);
            return builder.Build();
        }

        internal Dictionary<string, string> CertificateOf(string name, string authority)
        {
            var folder = Path.Combine(_folder, authority, name);
            return new()
            {
                ["Podflare__Cluster__Certificate"] = Path.Combine(folder, "certificate.pem"),
                ["Podflare__Cluster__Key"] = Path.Combine(folder, "key.pem"),
                ["Podflare__Cluster__Authority"] = Path.Combine(folder, "authority.pem"),
            };
        }

        /// <summary>Sends a command as the administrator, who reaches this Redis through a unix socket.</summary>
        internal Task<string> RedisAsync(params string[] command) => RunAsync("redis-cli", ["-s", Path.Combine(_folder, "s"), "--user", "admin", "--pass", "test", "--no-auth-warning", .. command], []);

        public async ValueTask DisposeAsync()
        {
            if (Frontend is not null) await Frontend.DisposeAsync();
            if (_worker is not null) await _worker.DisposeAsync();
            if (_redis is not null)
            {
                _redis.Kill();
                await _redis.WaitForExitAsync();
                _redis.Dispose();
            }

            Directory.Delete(_folder, recursive: true);
        }

        private string Connection()
        {
            var line = File.ReadLines(Path.Combine(_folder, "certificates", "redis.env")).Single(line => line.StartsWith("ConnectionStrings__Redis=", StringComparison.Ordinal));
            return line.Split('=', 2)[1].Replace("redis:6379", $"localhost:{_redisPort}", StringComparison.Ordinal);
        }

        private Dictionary<string, string> With(Dictionary<string, string> settings, params (string Key, string Value)[] more)
        {
            var all = new Dictionary<string, string>
            {
                ["ConnectionStrings__Redis"] = Connection(),
                ["Podflare__Redis__Authority"] = Path.Combine(_folder, "certificates", "authority.pem"),
                ["Podflare__ClusterId"] = ClusterId,
                ["Podflare__SiloPort"] = $"{Ports.Free()}",
                ["Podflare__GatewayPort"] = $"{Ports.Free()}",
            };
            foreach (var (key, value) in settings) all[key] = value;
            foreach (var (key, value) in more) all[key] = value;
            return all;
        }

        private void StartRedis()
        {
            var own = Path.Combine(_folder, "certificates", "redis");
            // A copy with an administrator, by whom the tests see what was refused.
            File.WriteAllText(Path.Combine(_folder, "users.acl"), File.ReadAllText(Path.Combine(own, "users.acl")) + "user admin on >test ~* &* +@all\n");
            _redis = Process.Start(new ProcessStartInfo("redis-server")
            {
                ArgumentList =
                {
                    "--port", "0", "--tls-port", $"{_redisPort}", "--bind", "127.0.0.1", "--tls-cert-file", Path.Combine(own, "certificate.pem"), "--tls-key-file", Path.Combine(own, "key.pem"),
                    "--tls-ca-cert-file", Path.Combine(own, "authority.pem"), "--tls-auth-clients", "no", "--aclfile", Path.Combine(_folder, "users.acl"),
                    "--unixsocket", Path.Combine(_folder, "s"), "--dir", _folder, "--save", "", "--daemonize", "no", "--logfile", Path.Combine(_folder, "log"),
                },
            })!;
        }

        private static async Task<string> RunAsync(string program, string[] arguments, Dictionary<string, string> environment)
        {
            var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var (name, value) in environment) start.Environment[name] = value;
            using var process = Process.Start(start)!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? await output : throw new InvalidOperationException($"{program}: {await errors}");
        }
    }
}
