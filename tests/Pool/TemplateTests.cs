using System.Net.Http.Json;
using System.Text.Json;
using Podflare.EndToEnd.Services;
using Podflare.Pool.Services;

namespace Podflare.Pool;

/// <summary>What a template decides, and what a create may change of it.</summary>
public sealed class TemplateTests
{
    private static readonly (string, string)[] Settings =
    [
        ("Podflare__Templates__default__MaxMemoryMib", "1024"),
        ("Podflare__Templates__default__MaxHomeMib", "512"),
        ("Podflare__Templates__default__Preload", "this,decimal,no_such_module"),
        ("Podflare__Templates__small__Image", "podflare/default:local"),
        ("Podflare__Templates__small__MemoryMib", "128"),
        ("Podflare__Templates__small__HomeMib", "32"),
        ("Podflare__Templates__small__TmpMib", "16"),
        ("Podflare__Templates__small__Cpus", "0.5"),
        ("Podflare__Templates__small__Pids", "64"),
    ];

    [Fact(Timeout = 120_000)]
    public async Task Limits_of_a_create_are_honoured_up_to_the_template_s_and_a_pooled_sandbox_has_its_modules_loaded()
    {
        await using var service = await Service.StartAsync(Settings);
        await service.ParkedAsync(2);
        var parked = await service.ParkedAsync();
        var same = await CreateAsync(service, new { ram_mib = 512 });
        Assert.Contains(same.Id, parked);
        Assert.Empty(same.Warnings);
        // `this` prints when it is imported; that is nobody's output.
        var run = await service.Api.RunAsync(same.Id, "import sys; print([name in sys.modules for name in ('this', 'decimal')])");
        Assert.Equal(("[True, True]\n", ""), (run.Stdout, run.Stderr));

        var less = await CreateAsync(service, new { ram_mib = 256 });
        Assert.Equal(("268435456", 0), (await MemoryAsync(less.Id), less.Warnings.Length));
        var more = await CreateAsync(service, new { ram_mib = 4096, rootfs_gb = 2 });
        Assert.Equal("1073741824", await MemoryAsync(more.Id));
        Assert.Equal(["ram_mib was reduced to the maximum of 1024", "rootfs_gb was reduced to the maximum of 512 MiB"], more.Warnings.Order());
        Assert.Equal("512M\n", (await service.Api.RunAsync(more.Id, "df -h --output=size /root | tail -1 | tr -d ' '", "bash")).Stdout);

        var small = await CreateAsync(service, new { template = "small", egress = true });
        Assert.Equal("134217728 500000000 64", await Engine.InspectAsync(small.Id, "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}"));
        Assert.Equal("egress is not offered by this server; the sandbox has no network access", Assert.Single(small.Warnings));
        using var unknown = await service.Api.Http.PostAsJsonAsync("/v1/sandboxes", new { template = "none" }, TestContext.Current.CancellationToken);
        Assert.Equal(404, (int)unknown.StatusCode);
    }

    [Fact(Timeout = 600_000)]
    public async Task The_data_science_template_has_its_modules_and_they_work()
    {
        await Script.RunAsync("eng/build-images.sh", "python-datasci");
        await using var service = await Service.StartAsync(("Podflare__Templates__python-datasci__PoolMin", "1"));
        var parked = "";
        await Until.TrueAsync(async () => (parked = (await service.ParkedAsync(image: "datasci")).FirstOrDefault("")).Length > 0, TimeSpan.FromSeconds(60), "one of it is parked");
        var sandbox = await service.Api.CreateAsync(new { template = "python-datasci" });
        Assert.Equal(parked, sandbox);
        const string Code = """
            import sys
            print([name in sys.modules for name in ('numpy', 'pandas', 'matplotlib.pyplot')])
            import numpy as np, pandas as pd, matplotlib.pyplot as plt, scipy.optimize
            print(np.linalg.det(np.array([[1.0, 2.0], [3.0, 4.0]])).round(6), pd.DataFrame({'a': [1, 2, 3]}).a.sum())
            print(round(scipy.optimize.brentq(lambda x: x * x - 2, 0, 2), 6))
            plt.plot([1, 2, 3]); plt.savefig('plot.png')
            print(open('plot.png', 'rb').read(4))
            """;
        var run = await service.Api.RunAsync(sandbox, Code);
        Assert.Equal(("[True, True, True]\n-2.0 6\n1.414214\nb'\\x89PNG'\n", ""), (run.Stdout, run.Stderr));

        // A figure is shown as a picture, and a table as HTML.
        var shown = await service.Api.RunAsync(sandbox, "plt.plot([1, 2, 3]); plt.show()\npd.DataFrame({'city': ['Oslo'], 't': [4.5]})");
        var results = shown.Events.Where(e => e.Type == "result").Select(e => e.Json.GetProperty("data")).ToArray();
        Assert.Equal(2, results.Length);
        Assert.Equal([0x89, 0x50, 0x4E, 0x47], results[0].GetProperty("image/png").GetBytesFromBase64()[..4]);
        Assert.Contains("<td>Oslo</td>", results[1].GetProperty("text/html").GetString(), StringComparison.Ordinal);
    }

    private static Task<string> MemoryAsync(string sandbox) => Engine.InspectAsync(sandbox, "{{.HostConfig.Memory}}");

    private static async Task<(string Id, string[] Warnings)> CreateAsync(Service service, object body)
    {
        using var answer = await service.Api.Http.PostAsJsonAsync("/v1/sandboxes", body);
        var json = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(answer.IsSuccessStatusCode, $"{json}");
        return (json.GetProperty("id").GetString()!, json.TryGetProperty("warnings", out var warnings) ? [.. warnings.EnumerateArray().Select(text => text.GetString()!)] : []);
    }
}
