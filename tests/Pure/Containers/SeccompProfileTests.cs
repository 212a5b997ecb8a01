using System.Text.Json.Nodes;

namespace Podflare.Containers;

/// <summary>The profile as data: what it must never allow, and how its rules may be written.</summary>
public sealed class SeccompProfileTests
{
    // Mounts, namespaces, modules, keys, tracing of the kernel, other processes' descriptors, clocks, NUMA policy, and calls that bypass this list.
    private static readonly string[] Never =
    [
        "_sysctl", "acct", "add_key", "adjtimex", "bpf", "cachestat", "chroot", "clock_adjtime", "clock_settime", "create_module", "delete_module", "fanotify_init", "fanotify_mark",
        "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "get_mempolicy", "init_module", "ioperm", "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl", "listmount",
        "lookup_dcookie", "lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr", "mbind", "migrate_pages", "modify_ldt", "mount", "mount_setattr", "move_mount", "move_pages",
        "name_to_handle_at", "nfsservctl", "open_by_handle_at", "open_tree", "perf_event_open", "pidfd_getfd", "pivot_root", "process_madvise", "quotactl", "quotactl_fd", "reboot",
        "remap_file_pages", "request_key", "set_mempolicy", "set_mempolicy_home_node", "setdomainname", "sethostname", "setns", "settimeofday", "socketcall", "statmount", "stime",
        "swapoff", "swapon", "syslog", "umount", "umount2", "unshare", "uselib", "userfaultfd", "ustat", "vhangup", "vm86", "vm86old", "vmsplice",
    ];

    // They are answered with an error or without an effect, so that programs fall back.
    private static readonly string[] Answered =
    [
        "clone3", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents", "io_setup", "io_submit", "io_uring_enter", "io_uring_register", "io_uring_setup", "memfd_secret", "mq_getsetattr",
        "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend", "mq_unlink", "sync", "syncfs",
    ];

    private static readonly JsonObject Profile = JsonNode.Parse(SeccompProfile.Embedded)!.AsObject();

    private static readonly JsonObject[] Rules = [.. Profile["syscalls"]!.AsArray().Select(rule => rule!.AsObject())];

    [Fact]
    public void What_is_not_named_is_refused()
    {
        Assert.Equal("SCMP_ACT_ERRNO", Profile["defaultAction"]!.GetValue<string>());
        Assert.All(Rules, rule => Assert.True(Action(rule) is "SCMP_ACT_ALLOW" or "SCMP_ACT_ERRNO", Action(rule)));
    }

    [Fact]
    public void Arguments_are_compared_for_equality_but_the_flags_of_clone()
    {
        // The filter compares 64 bits, and the kernel uses 32: any other comparison is passed by setting one of the upper bits.
        var others = Rules.SelectMany(rule => Arguments(rule).Select(argument => (Names: Names(rule), Operator: argument!["op"]!.GetValue<string>())))
            .Where(found => found.Operator != "SCMP_CMP_EQ").ToArray();
        var (names, comparison) = Assert.Single(others);
        Assert.Equal(["clone"], names);
        Assert.Equal("SCMP_CMP_MASKED_EQ", comparison);
    }

    [Fact]
    public void No_system_call_is_allowed_that_no_sandbox_needs()
    {
        var allowed = Rules.Where(rule => Action(rule) is "SCMP_ACT_ALLOW").SelectMany(Names).ToHashSet();
        Assert.Empty(allowed.Intersect([.. Never, .. Answered]));
        Assert.Equal(278, allowed.Count);
        Assert.Equal(Answered, Rules.Where(rule => Action(rule) is "SCMP_ACT_ERRNO").SelectMany(Names).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Calls_whose_arguments_are_checked_have_no_rule_without()
    {
        // A rule without conditions removes those with them.
        var checkedCalls = Rules.Where(rule => Arguments(rule).Count > 0).SelectMany(Names).ToHashSet();
        Assert.Equal(["clone", "personality", "socket", "socketpair"], checkedCalls.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(Rules, rule => Arguments(rule).Count == 0 && Names(rule).Any(checkedCalls.Contains));
    }

    [Fact]
    public void Names_are_sorted_and_appear_once()
    {
        Assert.All(Rules, rule => Assert.Equal(Names(rule).Order(StringComparer.Ordinal), Names(rule)));
        var unconditional = Rules.Where(rule => Arguments(rule).Count == 0).SelectMany(Names).ToArray();
        Assert.Equal(unconditional.Distinct(), unconditional);
    }

    [Fact]
    public void Two_architectures_have_calls_and_none_has_a_second_kind()
    {
        var architectures = Profile["archMap"]!.AsArray().Select(entry => entry!.AsObject()).ToArray();
        Assert.Equal(["SCMP_ARCH_AARCH64", "SCMP_ARCH_X86_64"], architectures.Select(entry => entry["architecture"]!.GetValue<string>()).Order(StringComparer.Ordinal));
        Assert.All(architectures, entry => Assert.Empty(entry["subArchitectures"]?.AsArray() ?? []));
    }

    [Fact]
    public void The_text_for_the_engine_has_no_whitespace_between_its_tokens()
    {
        Assert.DoesNotContain('\n', SeccompProfile.Embedded);
        Assert.DoesNotContain("\": ", SeccompProfile.Embedded, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{")]
    [InlineData("""{"defaultAction":7}""")]
    [InlineData("""{"defaultAction":"SCMP_ACT_ALLOW"}""")]
    [InlineData("""{"defaultAction":"SCMP_ACT_LOG","syscalls":[]}""")]
    public void A_profile_that_allows_what_it_does_not_name_is_refused(string text) => Assert.Throws<FormatException>(() => SeccompProfile.Compact(text));

    private static string Action(JsonObject rule) => rule["action"]!.GetValue<string>();

    private static string[] Names(JsonObject rule) => [.. rule["names"]!.AsArray().Select(name => name!.GetValue<string>())];

    private static JsonArray Arguments(JsonObject rule) => rule["args"] as JsonArray ?? [];
}
