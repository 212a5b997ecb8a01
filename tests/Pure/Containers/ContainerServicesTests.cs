using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Podflare.Egress;
using Podflare.Guests;
using Podflare.Sandboxes;

namespace Podflare.Containers;

public sealed class ContainerServicesTests
{
    [Fact]
    public void Two_templates_are_there_without_any_setting()
    {
        var templates = Bind<TemplateOptions>([]);
        Assert.Equal(["default", "e2b", "e2b-datasci", "python-datasci"], templates.Keys.Order());
        var lean = templates["default"];
        Assert.Equal(("podflare/default:local", 512, 1.0, 128, 256, 64), (lean.Image, lean.MemoryMib, lean.Cpus, lean.Pids, lean.HomeMib, lean.TmpMib));
        Assert.Equal((2, (int?)null, ""), (lean.PoolMin, lean.PoolMax, lean.Preload));
        var data = templates["python-datasci"];
        Assert.Equal(("podflare/python-datasci:local", 0, (int?)4, "numpy,pandas,matplotlib.pyplot"), (data.Image, data.PoolMin, data.PoolMax, data.Preload));
    }

    [Fact]
    public void Settings_change_the_default_and_add_others()
    {
        var templates = Bind<TemplateOptions>(new()
        {
            ["Podflare:Templates:default:MemoryMib"] = "1024",
            ["Podflare:Templates:datasci:Image"] = "podflare/datasci:local",
            ["Podflare:Templates:datasci:Runtime"] = "runsc",
            ["Podflare:Templates:datasci:Pids"] = "1024",
            ["Podflare:Engine:Runtimes:0"] = "runsc",
        });
        Assert.Equal(("podflare/default:local", 1024), (templates["default"].Image, templates["default"].MemoryMib));
        Assert.Equal(("podflare/datasci:local", "runsc", 512), (templates["datasci"].Image, templates["datasci"].Runtime, templates["datasci"].MemoryMib));
    }

    [Theory]
    [InlineData(512, 256, 64, null, 128)]
    [InlineData(2048, 256, 64, null, 512)]
    [InlineData(512, 256, 64, 32, 32)]
    [InlineData(512, 400, 72, null, 30)]
    public void Shared_memory_grows_with_the_memory_and_leaves_some_of_it(int memory, int home, int tmp, int? shared, int expected)
    {
        var template = new Template { Image = "i", MemoryMib = memory, HomeMib = home, TmpMib = tmp, ShmMib = shared };
        var shape = ContainerSpec.Of(default, "t", template);
        Assert.Equal((long)expected << 20, shape.ShmBytes);
        Assert.Equal(shape, template.ToContainer(default, new SandboxSpec("t", default, default, null, null, false, ImmutableSortedDictionary<string, string>.Empty, ImmutableSortedDictionary<string, string>.Empty)));
    }

    [Fact]
    public void The_default_runtime_is_that_of_templates_that_name_none()
    {
        var settings = new Dictionary<string, string?>
        {
            ["Podflare:Engine:DefaultRuntime"] = "crun",
            ["Podflare:Engine:Runtimes:0"] = "runsc",
            ["Podflare:Templates:strong:Image"] = "i",
            ["Podflare:Templates:strong:Runtime"] = "runsc",
            ["Podflare:Templates:strong:Pids"] = "2048",
        };
        var templates = Bind<TemplateOptions>(settings);
        Assert.Equal("crun", templates["default"].Runtime);
        Assert.Equal("runsc", templates["strong"].Runtime);
        Assert.Null(Bind<TemplateOptions>([])["default"].Runtime);
    }

    [Theory]
    [InlineData("Podflare:Templates:big:MemoryMib", "2048", "Image")]
    [InlineData("Podflare:Templates:default:HomeMib", "500", "HomeMib")]
    [InlineData("Podflare:Templates:default:ShmMib", "200", "ShmMib")]
    [InlineData("Podflare:Templates:default:Cpus", "0", "Cpus")]
    [InlineData("Podflare:Templates:Bad_Name:Image", "x", "Bad_Name")]
    [InlineData("Podflare:Templates:default:Runtime", "runsc", "Podflare:Engine:Runtimes")]
    [InlineData("Podflare:Templates:default:MaxMemoryMib", "256", "MaxMemoryMib")]
    [InlineData("Podflare:Templates:default:PoolMax", "1", "PoolMax")]
    [InlineData("Podflare:Templates:default:Preload", "os; import sys", "Preload")]
    public void A_wrong_template_is_named(string key, string value, string named)
    {
        var error = Assert.Throws<OptionsValidationException>(() => Bind<TemplateOptions>(new() { [key] = value }));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Podflare:Engine:Endpoint", "/var/run/docker.sock")]
    [InlineData("Podflare:Engine:ApiVersion", "latest")]
    [InlineData("Podflare:Engine:StartSeconds", "0")]
    public void A_wrong_engine_setting_is_refused(string key, string value) =>
        Assert.Throws<OptionsValidationException>(() => Bind<EngineOptions>(new() { [key] = value }));

    [Theory]
    [InlineData("Podflare:Egress:Refused", "10.0.0.0/8,10.0.0.1/8", "10.0.0.1/8")]
    [InlineData("Podflare:Egress:Refused", "fe80::/10", "fe80::/10")]
    [InlineData("Podflare:Egress:Dns", "192.0.2.1,resolver", "resolver")]
    [InlineData("Podflare:Egress:Subnet", "172.30.0.0", "172.30.0.0")]
    [InlineData("Podflare:Egress:Network", "bridge with rules", "Network")]
    public void A_wrong_egress_setting_is_named(string key, string value, string named)
    {
        var error = Assert.Throws<OptionsValidationException>(() => Bind<EgressOptions>(new() { [key] = value }));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_guest_setting_is_refused() =>
        Assert.Throws<OptionsValidationException>(() => Bind<GuestOptions>(new() { ["Podflare:Guests:PingSeconds"] = "60" }));

    [Fact]
    public async Task Everything_can_be_built_and_the_identity_follows_the_settings()
    {
        var root = Directory.CreateTempSubdirectory("pf-");
        File.WriteAllText(Path.Combine(root.FullName, "main.py"), "");
        using (var folder = RunFolder.Open(Path.Combine(root.FullName, "run"), "0a0b0c0d", root.FullName))
        {
            await using var embedded = Build([], folder);
            Assert.IsType<DockerRuntime>(embedded.GetRequiredService<IContainerRuntime>());
            Assert.NotNull(embedded.GetRequiredService<GuestListener>());
            Assert.Equal(new HostIdentity(RunFolder.EmbeddedClusterId(folder.Path), "0a0b0c0d"), embedded.GetRequiredService<HostIdentity>());
            await using var blank = Build(new() { ["ConnectionStrings:Redis"] = " " }, folder);
            Assert.Equal(RunFolder.EmbeddedClusterId(folder.Path), blank.GetRequiredService<HostIdentity>().Cluster);
            await using var shared = Build(new() { ["ConnectionStrings:Redis"] = "127.0.0.1" }, folder);
            Assert.Equal("podflare", shared.GetRequiredService<HostIdentity>().Cluster);
            await using var named = Build(new() { ["Podflare:ClusterId"] = "mine" }, folder);
            Assert.Equal("mine", named.GetRequiredService<HostIdentity>().Cluster);
        }

        root.Delete(recursive: true);
    }

    private static T Bind<T>(Dictionary<string, string?> settings)
        where T : class
    {
        using var services = Build(settings, null);
        return services.GetRequiredService<IOptions<T>>().Value;
    }

    private static ServiceProvider Build(Dictionary<string, string?> settings, RunFolder? folder)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        services.AddLogging();
        if (folder is not null) services.AddSingleton(folder);
        return services.AddContainers().AddGuests().BuildServiceProvider();
    }
}
