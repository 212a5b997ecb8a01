using Podflare.NetSdk.Services;

// The snippet is as a user writes it, without the token of a test.
#pragma warning disable xUnit1051

namespace Podflare.NetSdk.Live;

/// <summary>The README's snippet about keys, tenants, usage and the audit log. <see cref="ReadmeTests"/> compares it with the README.</summary>
public sealed class ReadmeAdministrationTests(ServiceWithKeys service)
{
    [Fact]
    public async Task Keys_and_tenants()
    {
        using var client = await service.ConnectAsync(service.AdminKey);
        await client.Tenants.CreateAsync("acme", new TenantOptions { Limits = new TenantLimits { Sandboxes = 50 } });
        var key = await client.Keys.CreateAsync("ci", new ApiKeyOptions { Tenant = "acme", Lifetime = TimeSpan.FromDays(90) });
        Console.WriteLine(key.Secret[..8]);  // pf_live_
        await client.Keys.RotateAsync(key.Id, overlap: TimeSpan.FromHours(1));
        await client.Keys.RevokeAsync(key.Id);

        var usage = await client.GetUsageAsync(new UsageQuery { Tenant = "acme", GroupBy = UsageGroups.Key });
        Console.WriteLine($"{usage.Total.Runs} runs, {usage.Total.CpuSeconds} s");  // 0 runs, 0 s
        await foreach (var entry in client.ListAuditEntriesAsync(new AuditQuery { Tenant = "acme" })) Console.WriteLine($"{entry.At} {entry.Action}");

        Assert.StartsWith("pf_live_\n0 runs, 0 s\n", Console.Text, StringComparison.Ordinal);
    }

    /// <summary>Where the snippet writes to.</summary>
    private static class Console
    {
        private static readonly StringWriter To = new() { NewLine = "\n" };

        public static string Text => To.ToString();

        public static void WriteLine(string text) => To.WriteLine(text);
    }
}
