using System.Text.Json;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

/// <summary>The commands about keys, tenants, usage and the audit log, with a real service that requires keys.</summary>
public sealed class AdministrationCommandTests(ServiceWithKeys service)
{
    private readonly string _tenant = $"t-{Guid.NewGuid():N}"[..20];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_from_create_to_rm()
    {
        await OkAsync("tenants", "create", _tenant);
        var created = await AdminAsync("keys", "create", "ci", "--tenant", _tenant, "--scope", "read", "--scope", "sandboxes", "--expires-in", "3600");
        // The secret alone, so that it can be redirected to a file.
        Assert.Matches("^pf_live_[0-9A-Za-z]{36}\n$", created.Out);
        var id = System.Text.RegularExpressions.Regex.Match(created.Err, "key_[0-9a-f]{24}").Value;
        Assert.Equal($"podflare: Created {id} of tenant {_tenant} with read,sandboxes. The secret is shown once:\n", created.Err);
        Assert.Equal(0, (await RunAsync(created.Out.TrimEnd(), "sandbox", "ls")).Status);

        var lines = (await OkAsync("keys", "ls", "--tenant", _tenant)).TrimEnd().Split('\n');
        Assert.Equal("ID\tNAME\tTENANT\tSCOPES\tSTATE\tEXPIRES\tLAST USED", lines[0]);
        Assert.StartsWith($"{id}\tci\t{_tenant}\tread,sandboxes\tactive\t20", Assert.Single(lines[1..]), StringComparison.Ordinal);

        var rotated = Json(await OkAsync("keys", "rotate", id, "--overlap", "3600", "--json"));
        Assert.Equal((id, "ci"), (rotated.GetProperty("replaces").GetString(), rotated.GetProperty("name").GetString()));
        Assert.Matches("^pf_live_", rotated.GetProperty("key").GetString());
        Assert.Equal($"podflare: Revoked {id}.\n", (await AdminAsync("keys", "rm", id)).Err);
        Assert.Equal($"{id}\n", await OkAsync("keys", "ls", "--tenant", _tenant, "--state", "revoked", "--quiet"));
        var listed = Json(await OkAsync("keys", "ls", "--tenant", _tenant, "--json")).GetProperty("keys").EnumerateArray();
        Assert.Equal(["active", "revoked"], listed.Select(key => key.GetProperty("state").GetString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_tenant_from_create_to_rm()
    {
        var created = await AdminAsync("tenants", "create", _tenant, "--name", "Acme", "--limit", "sandboxes=50", "-l", "egress_hosts=a.example,b.example");
        Assert.Equal(("", $"podflare: Created {_tenant} (active; limits: sandboxes=50 egress_hosts=[\"a.example\",\"b.example\"]).\n"), (created.Out, created.Err));
        Assert.Contains($"{_tenant}\n", await OkAsync("tenants", "ls", "--quiet"), StringComparison.Ordinal);
        Assert.Contains($"\n{_tenant}\tAcme\tactive\t", await OkAsync("tenants", "ls"), StringComparison.Ordinal);

        var changed = Json(await OkAsync("tenants", "set", _tenant, "--limit", "sandboxes=default", "--limit", "running=3", "--json")).GetProperty("limits");
        Assert.Equal((JsonValueKind.Null, 3), (changed.GetProperty("sandboxes").ValueKind, changed.GetProperty("running").GetInt32()));
        Assert.Equal("suspended", State(await OkAsync("tenants", "suspend", _tenant, "--json")));
        Assert.Equal("active", State(await OkAsync("tenants", "resume", _tenant, "--json")));
        Assert.Equal($"podflare: Deleted {_tenant}.\n", (await AdminAsync("tenants", "rm", _tenant)).Err);
        var again = await AdminAsync("tenants", "create", _tenant);
        Assert.NotEqual(0, again.Status);
        Assert.Contains("tenant_exists", again.Err, StringComparison.Ordinal);

        static string? State(string json) => Json(json).GetProperty("state").GetString();
    }

    [Fact]
    public async Task Usage_as_a_table_as_csv_and_as_json()
    {
        await OkAsync("tenants", "create", _tenant);
        using var client = await service.ConnectAsync((await AdminAsync("keys", "create", "=ci", "--tenant", _tenant)).Out.TrimEnd());
        var sandbox = await client.CreateSandboxAsync(cancellationToken: Cancellation);
        await sandbox.RunAsync("print(1)", cancellationToken: Cancellation);
        await sandbox.DeleteAsync(Cancellation);

        var table = (await OkAsync("usage", "--tenant", _tenant, "--by", "key")).TrimEnd().Split('\n');
        Assert.Equal("KEY\tSANDBOXES\tSECONDS\tCPU SECONDS\tGIB SECONDS\tRUNS\tBYTES OUT", table[0]);
        Assert.Matches("^=ci\t1\t[0-9.]+\t[0-9.]+\t[0-9.]+\t1\t[0-9]+$", table[1]);
        Assert.Equal(table[1].Replace("=ci", "total", StringComparison.Ordinal), table[2]);
        var csv = (await OkAsync("usage", "--tenant", _tenant, "--csv")).Split("\r\n");
        Assert.Equal("day,key,key_name,sandboxes,sandbox_seconds,cpu_seconds,memory_gib_seconds,runs,bytes_out", csv[0]);
        Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2},key_[0-9a-f]{24},'=ci,1,", csv[1]);
        Assert.Equal(1, Json(await OkAsync("usage", "--tenant", _tenant, "--json")).GetProperty("total").GetProperty("runs").GetInt32());
    }

    [Fact]
    public async Task The_audit_log_is_listed_and_compared_with_what_workers_have_logged()
    {
        await OkAsync("tenants", "create", _tenant);
        await OkAsync("keys", "create", "ci", "--tenant", _tenant);
        string[] entries = [];
        await Until.TrueAsync(async () => (entries = (await OkAsync("audit", "ls", "--tenant", _tenant, "--json")).TrimEnd().Split('\n')).Length == 2, "both acts are in the log");
        var table = (await OkAsync("audit", "ls", "--tenant", _tenant, "--action", "key.create")).TrimEnd().Split('\n');
        Assert.Equal("SEQ\tAT\tACTION\tACTOR\tTARGET\tREASON\tADDRESS", table[0]);
        Assert.Matches("^2\t20[^\t]+\tkey.create\tenv_[0-9a-f]{8}\tkey_[0-9a-f]{24}\t-\t127.0.0.1$", Assert.Single(table[1..]));

        var log = Path.Combine(Directory.CreateTempSubdirectory("pf-").FullName, "worker.log");
        await File.WriteAllLinesAsync(log, ["something else", .. entries.Reverse().Select(Line)], Cancellation);
        var good = await AdminAsync("audit", "verify", "--tenant", _tenant, "--log", log);
        Assert.Equal((0, "", "podflare: 2 entries checked, 2 compared with the log, 0 faults\n"), (good.Status, good.Out, good.Err));

        await File.AppendAllLinesAsync(log, [Line(entries[0]).Replace(" 2 of ", " 3 of ", StringComparison.Ordinal)], Cancellation);
        var bad = await AdminAsync("audit", "verify", "--tenant", _tenant, "--log", log);
        Assert.Equal((1, "Entry 3 was logged by a worker and is not in the audit log.\n"), (bad.Status, bad.Out));

        string Line(string entry) => $"Audit entry {Json(entry).GetProperty("seq").GetInt64()} of {_tenant}: {entry}";
    }

    [Theory]
    [InlineData("admin", "tenants", "ls")]
    [InlineData("keys", "keys", "ls")]
    public async Task A_refusal_names_the_scope_that_a_key_needs(string scope, params string[] arguments)
    {
        var refused = await RunAsync(service.ApiKey, arguments);
        Assert.NotEqual(0, refused.Status);
        Assert.EndsWith($"podflare: Use a key with the scope {scope}.\n", refused.Err, StringComparison.Ordinal);
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private Task<ToolResult> AdminAsync(params string[] arguments) => RunAsync(service.AdminKey, arguments);

    private async Task<string> OkAsync(params string[] arguments)
    {
        var result = await AdminAsync(arguments);
        Assert.True(result.Status == 0, $"{string.Join(' ', arguments)}: {result.Err}");
        return result.Out;
    }

    private async Task<ToolResult> RunAsync(string key, params string[] arguments) =>
        await Tool.RunAsync(await service.AddressAsync(), arguments, environment: new() { ["PODFLARE_API_KEY"] = key });
}
