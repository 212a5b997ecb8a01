using System.Text;
using Microsoft.AspNetCore.Http;
using Podflare.Containers;
using Podflare.Http;
using Podflare.Problems;
using Podflare.Runs;
using Podflare.Sandboxes;
using Podflare.Terminals;

namespace Podflare.Frontend;

public sealed class RequestTests
{
    private static readonly TemplateOptions Templates = new() { ["large"] = new Template { Image = "large", MemoryMib = 4096, HomeMib = 2048 } };

    [Theory]
    [InlineData("", "body")]
    [InlineData("no", "body")]
    [InlineData("[]", "body")]
    [InlineData("{", "body")]
    [InlineData("{\"code\":\"1\"} x", "body")]
    [InlineData("{\"code\":\"1\",\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}", "body")]
    [InlineData("{}", "code")]
    [InlineData("{\"code\":\"\"}", "code")]
    [InlineData("{\"code\":null}", "code")]
    [InlineData("{\"code\":1}", "code")]
    [InlineData("{\"code\":[\"x\"]}", "code")]
    [InlineData("{\"code\":\"\\ud800\"}", "code")]
    [InlineData("{\"code\":\"\\udc00x\"}", "code")]
    [InlineData("{\"code\":\"1\",\"language\":\"ruby\"}", "language")]
    [InlineData("{\"code\":\"1\",\"language\":\"Python\"}", "language")]
    [InlineData("{\"code\":\"1\",\"language\":7}", "language")]
    [InlineData("{\"code\":\"1\",\"timeout_seconds\":0}", "timeout_seconds")]
    [InlineData("{\"code\":\"1\",\"timeout_seconds\":-1}", "timeout_seconds")]
    [InlineData("{\"code\":\"1\",\"timeout_seconds\":\"5\"}", "timeout_seconds")]
    [InlineData("{\"code\":\"1\",\"on_disconnect\":\"stop\"}", "on_disconnect")]
    [InlineData("{\"code\":\"1\",\"env\":[]}", "env")]
    [InlineData("{\"code\":\"1\",\"env\":{\"A\":1}}", "env.A")]
    [InlineData("{\"code\":\"1\",\"env\":{\"A=B\":\"1\"}}", "env.A=B")]
    [InlineData("{\"code\":\"1\",\"env\":{\"\":\"1\"}}", "env.")]
    [InlineData("{\"code\":\"1\",\"env\":{\"A\":\"\\u0000\"}}", "env.A")]
    [InlineData("{\"code\":\"1\",\"env\":{\"A\":\"\\ud800\"}}", "env.A")]
    [InlineData("{\"code\":\"1\",\"env\":{\"\\ud800\":\"1\"}}", "env")]
    public void An_exec_that_is_wrong_names_the_field(string body, string field) =>
        Assert.Equal([field], Refused(400, () => Exec(body)).Errors!.All.Select(error => error.Key));

    [Fact]
    public void Bytes_that_are_no_text_are_refused() =>
        Assert.Equal("code", Refused(400, () => StartRequest.Parse([.. "{\"code\":\""u8, 0xff, .. "\"}"u8], new(), new(), new(), Mount.Main)).Errors!.All[0].Key);

    [Fact]
    public void All_wrong_fields_are_named() =>
        Assert.Equal(["timeout_seconds", "language", "code"], Refused(400, () => Exec("{\"timeout_seconds\":0,\"language\":\"x\"}")).Errors!.All.Select(e => e.Key));

    [Theory]
    [InlineData(10, true)]
    [InlineData(11, false)]
    public void Code_is_limited_in_bytes_of_utf8(int bytes, bool fits)
    {
        var body = $"{{\"code\":\"{new string('\u00e9', bytes / 2)}{new string('x', bytes % 2)}\"}}";
        var options = new RunOptions { MaxCodeBytes = 10 };

        if (fits) Assert.Equal(bytes, StartRequest.Parse(Encoding.UTF8.GetBytes(body), options, new(), new(), Mount.Main).Run.Code.Length);
        else Assert.Equal("code_too_large", Refused(413, () => StartRequest.Parse(Encoding.UTF8.GetBytes(body), options, new(), new(), Mount.Main)).Code);
    }

    [Theory]
    [InlineData("{\"argv\":[\"a\",\"b\"],\"tag\":\"abc\",\"grace_seconds\":1,\"on_disconnect\":\"interrupt\",\"disconnect_seconds\":2}", null)]
    [InlineData("{\"argv\":[\"a\",\"b\",\"c\"]}", "argv")]
    [InlineData("{\"argv\":[\"a\",\"abcde\"]}", "argv[1]")]
    [InlineData("{\"argv\":[\"abcd\",\"efg\"]}", "argv[1]")]
    [InlineData("{\"command\":\"abcde\"}", "command")]
    [InlineData("{\"code\":\"1\",\"tag\":\"abcd\"}", "tag")]
    [InlineData("{\"code\":\"1\",\"grace_seconds\":1.5}", "grace_seconds")]
    [InlineData("{\"code\":\"1\",\"on_disconnect\":\"interrupt\",\"disconnect_seconds\":3}", "disconnect_seconds")]
    public void A_start_has_the_limits_that_are_configured(string body, string? field)
    {
        var limits = new RunOptions { MaxArguments = 2, MaxArgumentBytes = 4, MaxArgvBytes = 6, MaxTag = 3, MaxGraceSeconds = 1, MaxDisconnectSeconds = 2 };
        StartRequest Parse() => StartRequest.Parse(Encoding.UTF8.GetBytes(body), limits, new(), new(), Mount.Main);

        if (field is null) Assert.Equal("abc", Parse().Run.Tag);
        else Assert.Equal([field], Refused(400, Parse).Errors!.All.Select(error => error.Key));
    }

    [Fact]
    public void What_is_sent_to_a_run_has_the_limits_that_are_configured()
    {
        var limits = new RunOptions { MaxStdinBytes = 2, MaxGraceSeconds = 1, MaxArgumentBytes = 4 };

        Assert.Equal(2, StdinRequest.Parse("{\"data\":\"ab\"}"u8, limits).Bytes.Length);
        Refused(413, () => StdinRequest.Parse("{\"data\":\"abc\"}"u8, limits));
        Refused(413, () => TerminalRequest.ParseInput("{\"data_b64\":\"YWJj\"}"u8, limits));
        Assert.Equal(["shellCmd"], Refused(400, () => TerminalRequest.Parse("{\"shellCmd\":\"abcde\"}"u8, limits, 100)).Errors!.All.Select(error => error.Key));
        Assert.Equal(["argv[0]"], Refused(400, () => TerminalRequest.Parse("{\"argv\":[\"abcde\"]}"u8, limits, 100)).Errors!.All.Select(error => error.Key));
        Assert.Equal(["grace_seconds"], Refused(400, () => InterruptRequest.Parse("{\"grace_seconds\":2}"u8, limits)).Errors!.All.Select(error => error.Key));
    }

    [Theory]
    [InlineData("abc", true)]
    [InlineData("abcd", false)]
    public void A_list_of_runs_is_filtered_by_tags_that_a_run_may_have(string tag, bool fits)
    {
        var request = new DefaultHttpContext().Request;
        request.QueryString = new QueryString("?tag=" + tag);
        RunFilter Parse() => RunsQuery.Parse(request, new RunOptions { MaxTag = 3 });

        if (fits) Assert.Equal(tag, Parse().Tag);
        else Assert.Equal(["tag"], Refused(400, Parse).Errors!.All.Select(error => error.Key));
    }

    [Fact]
    public void An_exec_has_defaults_and_ignores_what_it_does_not_know()
    {
        var run = Exec("{\"code\":\"print(\\\"\\u00e9\\ud83d\\ude00\\\")\",\"x\":{\"code\":1},\"timeout_seconds\":null,\"env\":null}").Run;

        Assert.Equal("print(\"é\ud83d\ude00\")", Encoding.UTF8.GetString(run.Code));
        Assert.Equal((RunLanguage.Python, TimeSpan.FromSeconds(300), OnDisconnect.Continue, 0), (run.Language, run.Timeout, run.OnDisconnect, run.Env.Count));
    }

    [Fact]
    public void An_exec_takes_all_its_fields()
    {
        var run = Exec("{\"c\\u006fde\":\"ls\",\"language\":\"bash\",\"timeout_seconds\":1.5,\"on_disconnect\":\"interrupt\",\"env\":{\"A\":\"1\"}}").Run;

        Assert.Equal((RunLanguage.Bash, TimeSpan.FromSeconds(1.5), OnDisconnect.Interrupt, "1"), (run.Language, run.Timeout, run.OnDisconnect, run.Env["A"]));
    }

    [Theory]
    [InlineData("86401")]
    [InlineData("1e300")]
    [InlineData("1e999")]
    public void A_timeout_over_the_maximum_is_brought_down_with_a_warning(string seconds)
    {
        var request = Exec($"{{\"code\":\"1\",\"timeout_seconds\":{seconds}}}");

        Assert.Equal(TimeSpan.FromHours(24), request.Run.Timeout);
        Assert.Equal("timeout_seconds was reduced to the maximum of 86400", Assert.Single(request.Warnings));
    }

    [Theory]
    [InlineData("[1]", "body")]
    [InlineData("nil", "body")]
    [InlineData("{\"template\":1}", "template")]
    [InlineData("{\"timeout_seconds\":0}", "timeout_seconds")]
    [InlineData("{\"idle_timeout_seconds\":-3}", "idle_timeout_seconds")]
    [InlineData("{\"ram_mib\":1.5}", "ram_mib")]
    [InlineData("{\"ram_mib\":63}", "ram_mib")]
    [InlineData("{\"rootfs_gb\":0}", "rootfs_gb")]
    [InlineData("{\"rootfs_gb\":\"1\"}", "rootfs_gb")]
    [InlineData("{\"egress\":\"yes\"}", "egress")]
    [InlineData("{\"persistent\":1}", "persistent")]
    [InlineData("{\"metadata\":\"x\"}", "metadata")]
    [InlineData("{\"metadata\":{\"k\":null}}", "metadata.k")]
    [InlineData("{\"metadata\":{\"\":\"v\"}}", "metadata.")]
    public void A_create_that_is_wrong_names_the_field(string body, string field) =>
        Assert.Equal([field], Refused(400, () => Create(body)).Errors!.All.Select(error => error.Key));

    [Theory]
    [InlineData(32, 64, 512, true)]
    [InlineData(33, 64, 512, false)]
    [InlineData(32, 65, 512, false)]
    [InlineData(32, 64, 513, false)]
    public void Metadata_is_limited(int pairs, int key, int value, bool fits)
    {
        var body = $"{{\"metadata\":{{{string.Join(',', Enumerable.Range(0, pairs).Select(i => $"\"{i.ToString().PadLeft(key, 'k')}\":\"{new string('v', value)}\""))}}}}}";

        if (fits) Assert.Equal(pairs, Create(body).Spec.Metadata.Count);
        else Refused(400, () => Create(body));
    }

    [Theory]
    [InlineData(64 * 1024, true)]
    [InlineData(64 * 1024 + 1, false)]
    public void Env_is_limited_in_all(int bytes, bool fits)
    {
        var body = $"{{\"env\":{{\"A\":\"{new string('x', 1000)}\",\"BC\":\"{new string('y', bytes - 1003)}\"}}}}";

        if (fits) Assert.Equal(2, Create(body).Spec.Env.Count);
        else Assert.Equal("env.BC", Refused(400, () => Create(body)).Errors!.All[0].Key);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("{\"persistent\":false,\"egress\":null,\"unknown\":[1,{\"a\":2}]}")]
    public void A_create_has_defaults(string body)
    {
        var (spec, warnings) = Create(body);

        Assert.Equal(("default", TimeSpan.FromHours(24), TimeSpan.FromMinutes(30), null, null, false), (spec.Template, spec.Lifetime, spec.IdleLimit, spec.RamMib, spec.RootfsGb, spec.Egress));
        Assert.Empty(warnings);
    }

    [Fact]
    public void A_create_over_its_maxima_is_brought_down_with_warnings()
    {
        var (spec, warnings) = Create("{\"timeout_seconds\":1e9,\"idle_timeout_seconds\":1e9,\"ram_mib\":99999999999,\"rootfs_gb\":50,\"egress\":true}");

        Assert.Equal((TimeSpan.FromDays(7), TimeSpan.FromHours(24), 512, null, false), (spec.Lifetime, spec.IdleLimit, spec.RamMib, spec.RootfsGb, spec.Egress));
        Assert.Equal(["egress", "timeout_seconds", "idle_timeout_seconds", "ram_mib", "rootfs_gb"], warnings.Select(warning => warning.Split(' ')[0]));
    }

    [Theory]
    [InlineData("default", 512, 512, null)]
    [InlineData("default", 513, 512, "ram_mib was reduced to the maximum of 512")]
    [InlineData("large", 4096, 4096, null)]
    [InlineData("large", 4097, 4096, "ram_mib was reduced to the maximum of 4096")]
    [InlineData("only-hosts-know-it", 9999, 9999, null)]
    public void The_template_limits_the_memory(string template, int wanted, int given, string? warning)
    {
        var (spec, warnings) = Create($"{{\"template\":\"{template}\",\"ram_mib\":{wanted}}}");

        Assert.Equal((given, warning), (spec.RamMib, warnings.SingleOrDefault()));
    }

    [Theory]
    [InlineData("default", 1, null, "rootfs_gb was reduced to the maximum of 256 MiB")]
    [InlineData("large", 2, 2, null)]
    [InlineData("large", 3, null, "rootfs_gb was reduced to the maximum of 2048 MiB")]
    [InlineData("only-hosts-know-it", 9, 9, null)]
    public void The_template_limits_the_disk(string template, int wanted, int? given, string? warning)
    {
        var (spec, warnings) = Create($"{{\"template\":\"{template}\",\"rootfs_gb\":{wanted}}}");

        Assert.Equal((given, warning), (spec.RootfsGb, warnings.SingleOrDefault()));
    }

    [Theory]
    [InlineData("{\"egress\":true}", false, true)]
    [InlineData("{\"egress\":false}", true, false)]
    [InlineData("{}", true, true)]
    [InlineData("{}", false, false)]
    public void Egress_is_given_where_the_server_offers_it(string body, bool byDefault, bool given)
    {
        var (spec, warnings) = CreateRequest.Parse(Encoding.UTF8.GetBytes(body), new CreateOptions { OfferEgress = true, EgressByDefault = byDefault }, Templates);

        Assert.Equal(given, spec.Egress);
        Assert.Empty(warnings);
    }

    [Fact]
    public void Persistent_is_not_offered() => Assert.Equal("not_offered", Refused(501, () => Create("{\"persistent\":true}")).Code);

    private static StartRequest Exec(string body) => StartRequest.Parse(Encoding.UTF8.GetBytes(body), new(), new(), new(), Mount.Main);

    private static CreateRequest Create(string body) => CreateRequest.Parse(Encoding.UTF8.GetBytes(body), new(), Templates);

    private static Problem Refused(int status, Func<object> parse)
    {
        var problem = Assert.Throws<ProblemException>(parse).Problem;
        Assert.Equal(status, problem.Status);
        return problem;
    }
}
